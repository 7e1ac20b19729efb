// The three printers, over the same events.

#include "build/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/progress_json.h"
#include "cli/progress_plain.h"
#include "cli/progress_tty.h"

namespace suit::cli {
namespace {

using build::Event;
using Kind = build::Event::Kind;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

Event at(int ms, int vertex, Kind kind, std::string text = {}) {
  return Event{
      .kind = kind, .vertex = vertex, .text = std::move(text), .stream = 1, .at = milliseconds(ms)};
}

std::string plain(const std::vector<Event>& events, Sanitize sanitize = Sanitize::No) {
  StringWriter out;
  PlainProgress progress(out, sanitize);
  for (const Event& event : events)
    progress.on(event);
  progress.finish();
  return out.text();
}

TEST(PlainProgress, IsBuildKitsGrammar) {
  EXPECT_EQ(plain({at(0, 1, Kind::Started, "[1/2] FROM busybox"), at(1, 1, Kind::Cached),
                   at(2, 2, Kind::Started, "[2/2] RUN make"), at(250, 2, Kind::Log, "cc -c main.c"),
                   at(11032, 2, Kind::Log, "still"), at(112402, 2, Kind::Log, "linking"),
                   at(113002, 2, Kind::Done)}),
            "#1 [1/2] FROM busybox\n#1 CACHED\n\n#2 [2/2] RUN make\n#2 0.248 cc -c main.c\n"
            "#2 11.03 still\n#2 112.4 linking\n#2 DONE 113.0s\n");
}

TEST(PlainProgress, KeepsTheLinesOfAVertexTogether) {
  EXPECT_EQ(
      plain({at(0, 1, Kind::Started, "a"), at(1, 2, Kind::Started, "b"), at(2, 1, Kind::Log, "a1"),
             at(3, 2, Kind::Log, "b1"), at(4, 1, Kind::Done), at(5, 2, Kind::Done)}),
      "#1 a\n#1 0.002 a1\n#1 DONE 0.0s\n\n#2 b\n#2 0.002 b1\n#2 DONE 0.0s\n");
}

TEST(PlainProgress, LeavesAVertexThatIsSilentForLong) {
  EXPECT_EQ(plain({at(0, 1, Kind::Started, "a"), at(11000, 2, Kind::Started, "b"),
                   at(11001, 2, Kind::Done), at(12000, 1, Kind::Done)}),
            "#1 a\n#1 ...\n\n#2 b\n#2 DONE 0.0s\n\n#1 a\n#1 DONE 12.0s\n");
}

TEST(PlainProgress, ShowsErrorsAndReasons) {
  EXPECT_EQ(plain({at(0, 1, Kind::Started, "RUN x"),
                   at(1, 1, Kind::Miss, "MISS RUN x: the command changed"),
                   at(2, 1, Kind::Failed, "exit code: 1")}),
            "#1 RUN x\n#1 MISS RUN x: the command changed\n#1 ERROR: exit code: 1\n");
}

TEST(Sanitizing, TakesAwayWhatATerminalObeys) {
  EXPECT_EQ(sanitize("\x1b[31mred\x1b[0m"), "red");
  EXPECT_EQ(sanitize("\x1b]0;title\atext"), "text");
  EXPECT_EQ(sanitize("a\x07"
                     "b\x7f\x1b"),
            "a?b?");
  EXPECT_EQ(sanitize("\xc2\x9b"
                     "31m"),
            "?31m");
  EXPECT_EQ(sanitize("10%\r20%\r"), "20%");
  EXPECT_EQ(sanitize("a\tb ä"), "a\tb ä");
  EXPECT_THAT(plain({at(0, 1, Kind::Started, "x"), at(1, 1, Kind::Log, "\x1b[2Jy")}, Sanitize::Yes),
              HasSubstr("#1 0.001 y\n"));
}

TEST(TtyProgress, DrawsStatesTimesAndTheLastLines) {
  StringWriter out;
  TtyProgress progress(out, [] { return TerminalSize{}; });
  progress.on(at(0, 1, Kind::Started, "[1/2] FROM busybox"));
  progress.on(at(1, 1, Kind::Cached));
  progress.on(at(100, 2, Kind::Started, "[2/2] RUN make"));
  for (int i = 1; i <= 8; ++i)
    progress.on(at(100 + i, 2, Kind::Log, "line " + std::to_string(i)));
  EXPECT_EQ(progress.frame(milliseconds(2100), {.columns = 40, .rows = 24}, false),
            "[+] Building 2.1s (1/2)                 \n"
            " => CACHED [1/2] FROM busybox       0.0s\n"
            " => [2/2] RUN make                  2.0s\n"
            " => => # line 3                         \n"
            " => => # line 4                         \n"
            " => => # line 5                         \n"
            " => => # line 6                         \n"
            " => => # line 7                         \n"
            " => => # line 8                         \n");
  progress.on(at(2200, 2, Kind::Done));
  EXPECT_THAT(progress.frame(milliseconds(2200), {.columns = 40, .rows = 24}, true),
              StartsWith("[+] Building 2.2s (2/2) FINISHED"));
  progress.finish();
  EXPECT_THAT(out.text(), HasSubstr("FINISHED"));
}

TEST(TtyProgress, NeverDrawsMoreThanTheWindowHolds) {
  StringWriter out;
  TtyProgress progress(out, [] { return TerminalSize{.columns = 20, .rows = 10}; });
  for (int i = 1; i <= 50; ++i)
    progress.on(at(i, i, Kind::Started, "a name that is too long for it"));
  const std::string frame = progress.frame(milliseconds(60), {.columns = 20, .rows = 10}, false);
  EXPECT_EQ(std::ranges::count(frame, '\n'), 8);
  for (std::size_t begin = 0; begin < frame.size(); begin = frame.find('\n', begin) + 1) {
    EXPECT_LE(frame.find('\n', begin) - begin, 20U);
  }
  progress.finish();
}

TEST(JsonProgress, IsOneObjectALine) {
  StringWriter out;
  JsonProgress progress(out, 1'000'000'000'000'000'000);
  progress.on(at(0, 1, Kind::Started, "RUN x"));
  progress.on(at(1, 1, Kind::Log, "hi"));
  progress.on(at(2, 1, Kind::Cached));
  const std::string text = out.text();
  EXPECT_THAT(text, StartsWith("{\"vertexes\":[{\"digest\":\"sha256:"));
  EXPECT_THAT(text, HasSubstr("\"stream\":1,\"data\":\"aGkK\""));
  EXPECT_THAT(text, HasSubstr("\"cached\":true"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
}

}  // namespace
}  // namespace suit::cli
