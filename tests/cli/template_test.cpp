#include "cli/template.h"

#include <gtest/gtest.h>

namespace suit::cli {
namespace {

const oci::Json kData =
    oci::parse_json(R"({"ID":"abc","N":3,"Null":null,"Labels":{"a":"1","b-c":"2"},)"
                    R"("Config":{"Env":["A=1","B=2"],"Empty":[]}})")
        .value();

std::string render(std::string_view text) {
  const Result<Template> parsed = Template::parse(text);
  if (!parsed) return parsed.error().message();
  const Result<std::string> out = parsed->render(kData);
  return out ? *out : out.error().message();
}

TEST(Template, PrintsValuesAsGoDoes) {
  EXPECT_EQ(render("{{.ID}}-{{.N}}"), "abc-3");
  EXPECT_EQ(render("{{.Config.Env}} {{.Labels}} {{.Null}}"), "[A=1 B=2] map[a:1 b-c:2] <no value>");
  EXPECT_EQ(render("{{json .Config}}"), R"({"Env":["A=1","B=2"],"Empty":[]})");
  EXPECT_EQ(render("{{.}}").substr(0, 7), "map[ID:");
}

TEST(Template, HasFunctionsAndPipes) {
  EXPECT_EQ(render("{{upper .ID}} {{.ID | upper | lower}}"), "ABC abc");
  EXPECT_EQ(render(R"({{join .Config.Env ", "}})"), "A=1, B=2");
  EXPECT_EQ(render(R"({{index .Labels "b-c"}}{{index .Labels "none"}}{{index .Config.Env 1}})"),
            "2B=2");
  EXPECT_EQ(render(R"({{len .Config.Env}} {{printf "%s:%d %q" .ID .N "x"}} {{truncate .ID 2}})"),
            "2 abc:3 \"x\" ab");
  EXPECT_EQ(render(R"({{(index (split "a/b" "/") 1)}})"), "b");
}

TEST(Template, HasBlocks) {
  EXPECT_EQ(render("{{range .Config.Env}}[{{.}}]{{end}}"), "[A=1][B=2]");
  EXPECT_EQ(render("{{range .Config.Empty}}x{{else}}none{{end}}"), "none");
  EXPECT_EQ(render("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}"), "a=1;b-c=2;");
  EXPECT_EQ(render("{{range $i, $e := .Config.Env}}{{$i}}{{$.ID}} {{end}}"), "0abc 1abc ");
  EXPECT_EQ(render(R"({{if eq .ID "abc"}}yes{{else}}no{{end}})"), "yes");
  EXPECT_EQ(render("{{if .Null}}a{{else if .N}}b{{else}}c{{end}}"), "b");
  EXPECT_EQ(render("{{with .Config}}{{.Env}}{{end}}"), "[A=1 B=2]");
  EXPECT_EQ(render("{{$x := .ID}}{{$x}}"), "abc");
}

TEST(Template, TrimsAndComments) { EXPECT_EQ(render("a  {{- .ID -}}  b{{/* no */}}c"), "aabcbc"); }

TEST(Template, SaysWhereItIsWrong) {
  EXPECT_EQ(render("{{.Id}}"), "template: column 3: no field .Id (did you mean \"ID\"?)");
  EXPECT_EQ(render("{{.ID"), "template parsing error: column 6: the action is not ended by }}");
  EXPECT_EQ(
      render("{{uper .ID}}"),
      "template parsing error: column 7: function \"uper\" not defined (did you mean \"upper\"?)");
  EXPECT_EQ(render("{{if .ID}}x"), "template parsing error: column 12: {{end}} is missing");
  EXPECT_EQ(render("{{end}}"), "template parsing error: column 8: {{end}} without a beginning");
  EXPECT_EQ(render("{{}}"), "template parsing error: column 3: missing value");
  EXPECT_EQ(render("{{join .ID}}"), "join wants 2 values, not 1");
  EXPECT_EQ(render("{{$y}}"), "template: column 3: undefined variable $y");
  EXPECT_EQ(render(std::string(200, '(') + "x"), std::string(200, '(') + "x");
  EXPECT_EQ(render("{{" + std::string(200, '(')).substr(0, 23), "template parsing error:");
}

TEST(ListOutput, IsATableALineOrJson) {
  ListFormat list;
  list.columns = "{{.ID}}\t{{.N}}";
  list.headers = {{"ID", "IMAGE ID"}, {"N", "COUNT"}};
  const std::vector<oci::Json> rows = {oci::parse_json(R"({"ID":"abc","N":3})").value()};
  EXPECT_EQ(render_list("", list, rows).value(), "IMAGE ID   COUNT\nabc        3\n");
  EXPECT_EQ(render_list("table {{.N}}\\t{{.ID}}", list, rows).value(),
            "COUNT     IMAGE ID\n3         abc\n");
  EXPECT_EQ(render_list("{{.ID}}!", list, rows).value(), "abc!\n");
  EXPECT_EQ(render_list("json", list, rows).value(), "{\"ID\":\"abc\",\"N\":3}\n");
}

}  // namespace
}  // namespace suit::cli
