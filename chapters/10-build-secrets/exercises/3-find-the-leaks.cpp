/// \file
/// Exercise 3: where in an image is the value?
///
///     3-find-the-leaks VALUE < image
///
/// The input describes an image, one thing a line:
///
///     env NAME=TEXT           a variable of its config
///     history TEXT            a line of its history
///     layer N add PATH TEXT   layer N holds the file PATH with that text
///     layer N remove PATH     layer N hides PATH of the layers below it
///
/// Print each place that holds VALUE, one a line and in the order of the input: `env NAME`,
/// `history`, `layer N PATH`.
///   - A file that a later layer removes or replaces is still in its own layer.
///   - PATH has no blanks; TEXT goes to the end of the line and may hold any.
///   - A path with VALUE in it holds it as well; in a `remove` too, for the name stands in the
///   layer.
///
/// To think about: somebody who can pull the image, what does he have to type to read such a file?

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

/// Your part. \returns false while it is not there
static bool find(const std::string& value, const std::vector<std::string>& image,
                 std::vector<std::string>& places) {
  std::fprintf(stderr, "not implemented: %zu lines read, %zu places, a value of %zu bytes\n",
               image.size(), places.size(), value.size());
  return false;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::string> image;
  for (std::string line; std::getline(std::cin, line);)
    image.push_back(line);
  std::vector<std::string> places;
  if (!find(argv[1], image, places)) return 99;  // 99: the grader's "not implemented"
  for (const std::string& place : places)
    std::cout << place << '\n';
  return 0;
}
