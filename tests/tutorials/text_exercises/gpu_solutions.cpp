// Answers to the exercises of chapter 12, and answers that forget a rule: gpu_solutions KIND [WORD]

#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "gpu/request.h"

namespace {

int read_gpus(const std::string& text, bool splits_plainly) {
  std::string used = text;
  if (splits_plainly) std::erase(used, '"');
  const auto request = suit::gpu::parse_gpus_flag(used);
  if (!request || !suit::gpu::check_request(*request)) return 1;
  std::cout << "count " << request->count << "\ndevices";
  for (const std::string& id : request->device_ids)
    std::cout << ' ' << id;
  std::cout << (request->device_ids.empty() ? " -" : "") << '\n';
  return 0;
}

int find_device(const std::string& wanted, bool first_wins) {
  int best = -1;
  std::string answer = "none";
  int priority = 0;
  std::string file;
  std::string device;
  while (std::cin >> priority >> file >> device) {
    if (device != wanted || priority < best) continue;
    const bool in_conflict = priority == best && !first_wins;
    if (priority > best || in_conflict) answer = in_conflict ? "conflict" : file;
    best = priority;
  }
  std::cout << answer << '\n';
  return 0;
}

int name_side(bool request_first) {
  const std::set<std::string> host = {"gpu", "module", "nodes", "libraries", "smi"};
  bool host_wrong = false;
  bool image_wrong = false;
  bool asked = true;
  std::string name;
  std::string value;
  while (std::cin >> name >> value) {
    if (value != "no") continue;
    if (name == "asked")
      asked = false;
    else
      (host.contains(name) ? host_wrong : image_wrong) = true;
  }
  if (request_first && !asked)
    std::cout << "request\n";
  else if (host_wrong || image_wrong)
    std::cout << (host_wrong && image_wrong ? "both" : host_wrong ? "host" : "image") << '\n';
  else
    std::cout << (asked ? "ok" : "request") << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc > 1 ? argv[1] : "";
  const std::string word = argc > 2 ? argv[2] : "";
  if (kind == "gpus" || kind == "gpus-plain") return read_gpus(word, kind == "gpus-plain");
  if (kind == "order" || kind == "order-first") return find_device(word, kind == "order-first");
  if (kind == "side" || kind == "side-request") return name_side(kind == "side-request");
  return 2;
}
