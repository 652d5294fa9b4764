// Which texts json::Index takes, on every implementation of stage 1 that this CPU can run.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/rng.h"
#include "gateway/codec/json_index.h"
#include "tests/unit/codec/guarded_text.h"
#include "tests/unit/codec/json_reference.h"

namespace smcp::json {

void PrintTo(Error error, std::ostream* out) {
  static constexpr const char* kNames[] = {"kNone", "kEmpty", "kUtf8", "kSyntax", "kDepth"};
  *out << kNames[static_cast<int>(error)];
}

namespace {

constexpr int kDepthMax = 64;

std::vector<std::string> Implementations() {
  std::vector<std::string> names;
  for (const auto* implementation : simdjson::get_available_implementations()) {
    if (implementation->supported_by_runtime_system()) names.push_back(implementation->name());
  }
  return names;
}

class JsonGrammar : public testing::TestWithParam<std::string> {
 protected:
  JsonGrammar() : before_(simdjson::get_active_implementation()) {
    simdjson::get_active_implementation() = simdjson::get_available_implementations()[GetParam()];
  }
  ~JsonGrammar() override { simdjson::get_active_implementation() = before_; }

  Error Build(std::string_view text, int depth_max = kDepthMax) {
    // Exactly as large as the text, so that the sanitizer sees a step too far.
    const std::unique_ptr<char[]> exact(new char[text.size()]);
    text.copy(exact.get(), text.size());
    return index_.Build({exact.get(), text.size()}, depth_max);
  }

  Index index_;

 private:
  const simdjson::implementation* before_;
};

INSTANTIATE_TEST_SUITE_P(EveryCpu, JsonGrammar, testing::ValuesIn(Implementations()),
                         [](const auto& param) { return param.param; });

constexpr std::string_view kGood[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "12",
    "1.0",
    "0.5",
    "-0.0",
    "1e5",
    "1E5",
    "1e+5",
    "1e-5",
    "0e0",
    "1.25e400",
    "123456789012345678901234567890",
    "\"\"",
    "\"a\"",
    "[]",
    "{}",
    "[1]",
    "[1,2]",
    "[[]]",
    "[{}]",
    "{\"a\":1}",
    "{\"a\":1,\"a\":2}",
    "{\"\":{}}",
    "{\"a\":[],\"b\":{}}",
    "[[],[],{}]",
    "[1,\"a\",null,true,false,[],{}]",
    // Blanks wherever RFC 8259 has them.
    " 1",
    "1 ",
    "\t\n\r 1 \t\n\r",
    " [ ] ",
    " { } ",
    "[ 1 , 2 ]",
    "{ \"a\" : 1 , \"b\" : 2 }",
    "[\n\t1\r\n]",
    "{\"a\"\n:\n\"b\"\n}",
    "\"a\"\n",
    // Escapes. A lone surrogate is legal JSON text.
    R"("\"")",
    R"("\\")",
    R"("\/")",
    R"("\b\f\n\r\t")",
    R"("\u0000")",
    R"("\u00e9")",
    R"("\uABCD\uabcd")",
    R"("\ud83d\ude00")",
    R"("\ud800")",
    R"("\udc00\ud800")",
    R"("\\\\\"")",
    R"("\\u12")",
    R"(["\\","\"",""])",
    R"({"\u0061":1})",
    R"({"a\"b":"\\"})",
    R"("//")",
    // Raw characters that look like structure, or that only JavaScript minds.
    R"("[{]},:")",
    "\"\x7f\"",
    "\"caf\xc3\xa9\"",
    "\"\xf0\x9f\x98\x80\"",
    "\"\xe2\x80\xa8\"",
    "\"\xef\xbb\xbf\"",
    "\"\xef\xbf\xbf\"",
};

TEST_P(JsonGrammar, TakesEveryLegalText) {
  for (const std::string_view text : kGood) {
    EXPECT_EQ(Build(text), Error::kNone) << text;
    ASSERT_EQ(Reference(text, kDepthMax).Check(), Error::kNone) << text;
  }
}

constexpr std::string_view kBad[] = {
    // Literals.
    "n",
    "nul",
    "nulll",
    "nullnull",
    "Null",
    "NULL",
    "tru",
    "truee",
    "True",
    "fals",
    "false0",
    "nan",
    "NaN",
    "Infinity",
    "-Infinity",
    "undefined",
    "none",
    "true\"a\"",
    "null[",
    "nu ll",
    // Numbers.
    "-",
    "+1",
    "--1",
    "01",
    "-01",
    "00",
    "1.",
    ".5",
    "-.5",
    "1.e5",
    "1e",
    "1E+",
    "1e-",
    "1ee5",
    "1e5.5",
    "1.2.3",
    "0x10",
    "1a",
    "1_000",
    "1,5",
    "1 2",
    "0-",
    "1-",
    "1+1",
    "1\"a\"",
    "-a",
    "- 1",
    "1e 5",
    "1\x0c",
    "1\x0b",
    "1\x1a",
    "1\\",
    "\xef\xbc\x91",
    "1\xc2\xa0",
    // Strings.
    "\"",
    "\"a",
    "\"a\\\"",
    "a\"",
    "\"a\"b",
    "\"a\"\"b\"",
    "\"a\" \"b\"",
    "'a'",
    "\"a\nb\"",
    "\"a\tb\"",
    "\"\x01\"",
    "\"\x1f\"",
    "\"a\r\"",
    "\"a\"1",
    "\"a\"true",
    "\"\"\"",
    "\"a\"\\",
    "\"\\",
    "\"\\\\\\\"",
    // Escapes.
    R"("\a")",
    R"("\x41")",
    R"("\')",
    R"("\'")",
    R"("\0")",
    R"("\u")",
    R"("\u1")",
    R"("\u12")",
    R"("\u123")",
    R"("\u123g")",
    R"("\u 123")",
    R"("\u+123")",
    R"("\U0041")",
    R"("\ ")",
    R"("\u12"34")",
    R"("ok\n" "\q")",
    R"(["\n","\n","\q"])",
    R"({"\q":1})",
    R"({"a":"\u00"})",
    "\"\\\n\"",
    "\"\\\xc3\xa9\"",
    R"(\"a\")",
    R"(\u0031)",
    R"([\"a"])",
    R"(\)",
    // Arrays.
    "[",
    "]",
    "[,]",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[1 2]",
    "[1",
    "[1,",
    "[[]",
    "[]]",
    "[1]]",
    "[}",
    "[1}",
    "[\"a\":1]",
    "[:]",
    "[1:2]",
    "[]1",
    "[][]",
    "[] []",
    "[1],",
    ",[1]",
    "[\"a\"\"b\"]",
    "[1\"a\"]",
    "[true false]",
    "[tru]",
    "[1;2]",
    // Objects.
    "{",
    "}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,\"a\":1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\" 1}",
    "{\"a\",1}",
    "{\"a\"::1}",
    "{:1}",
    "{1:1}",
    "{null:1}",
    "{a:1}",
    "{'a':1}",
    "{[]:1}",
    "{{}:1}",
    "{\"a\":1",
    "{\"a\":",
    "{\"a\"",
    "{]",
    "{\"a\":1]",
    "{\"a\":1}}",
    "{}{}",
    "{\"a\":1:2}",
    "{\"a\":1,\"b\"}",
    "{\"a\":1,2}",
    "{\"a\":1,[]}",
    "{\"a\"b:1}",
    "{1}",
    "{[]}",
    // Between and around.
    ",",
    ":",
    "1,",
    ":1",
    "1:",
    "/",
    "//",
    "/**/1",
    "1//",
    "#1",
    "\x0c",
    "\x1a",
    "[1\x0c,2]",
    "[1\x0c"
    "2]",
    "[\x1a]",
    "[1\x1a"
    "2]",
    "{\"a\"\x1a"
    "1}",
    "\xef\xbb\xbf[]",
    "\xef\xbb\xbf",
    "[]\xef\xbb\xbf",
    "\xc2\xa0",
    "[\xe2\x80\xa8]",
    "\x7f",
};

TEST_P(JsonGrammar, RefusesEveryIllegalText) {
  for (const std::string_view text : kBad) {
    EXPECT_EQ(Build(text), Error::kSyntax) << text;
    ASSERT_EQ(Reference(text, kDepthMax).Check(), Error::kSyntax) << text;
  }
}

TEST_P(JsonGrammar, SeesEveryRowWhereverItFallsInABlock) {
  for (size_t blanks = 0; blanks < 130; ++blanks) {
    const std::string before(blanks, ' ');
    for (const std::string_view text : kGood) {
      ASSERT_EQ(Build(before + std::string(text)), Error::kNone) << blanks << " " << text;
    }
    for (const std::string_view text : kBad) {
      ASSERT_EQ(Build(before + std::string(text)), Error::kSyntax) << blanks << " " << text;
    }
  }
}

TEST_P(JsonGrammar, SeesEveryRowAsAnElementAndAsAField) {
  const auto wrapped = [](std::string_view text) {
    return std::string("[0,{\"k\":") + std::string(text) + ",\"l\":[]},\"end\"]";
  };
  for (const std::string_view text : kGood) EXPECT_EQ(Build(wrapped(text)), Error::kNone) << text;
  for (const std::string_view text : kBad) {
    // Some rows are legal once there is something around them; the reference knows which.
    const Error expected = Reference(wrapped(text), kDepthMax).Check();
    EXPECT_EQ(Build(wrapped(text)), expected) << text;
  }
}

TEST_P(JsonGrammar, CallsATextWithoutAnyTokenEmpty) {
  for (const std::string_view text : {"", " ", "\t\n\r ", "\n"}) {
    EXPECT_EQ(Build(text), Error::kEmpty) << text.size();
  }
  EXPECT_EQ(Build(std::string(1000, ' ')), Error::kEmpty);
}

TEST_P(JsonGrammar, RefusesZeroBytesEverywhere) {
  const std::string good = R"( { "a" : [ 1 , true ] , "b" : "c\n" } )";
  ASSERT_EQ(Build(good), Error::kNone);
  for (size_t i = 0; i <= good.size(); ++i) {
    std::string text = good;
    text.insert(i, 1, '\0');
    EXPECT_EQ(Build(text), Error::kSyntax) << i;
  }
}

TEST_P(JsonGrammar, RefusesControlCharactersInStringsAndOutside) {
  for (int byte = 0; byte < 0x20; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(Build(std::string("\"a") + c + "b\""), Error::kSyntax) << byte;
    EXPECT_EQ(Build(std::string(70, ' ') + "\"" + std::string(70, 'a') + c + "\""), Error::kSyntax);
    const bool blank = c == '\t' || c == '\n' || c == '\r';
    EXPECT_EQ(Build(std::string("[1") + c + "]"), blank ? Error::kNone : Error::kSyntax) << byte;
  }
}

TEST_P(JsonGrammar, NamesBadUtf8WhereverItStands) {
  for (const std::string_view bad : {"\x80", "\xff", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80",
                                     "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xfe"}) {
    const std::string piece(bad);
    EXPECT_EQ(Build(piece), Error::kUtf8);
    EXPECT_EQ(Build("\"" + piece + "\""), Error::kUtf8);
    EXPECT_EQ(Build("[\"" + std::string(100, 'a') + piece + "\"]"), Error::kUtf8);
    EXPECT_EQ(Build("[1," + piece + "]"), Error::kUtf8);
    EXPECT_EQ(Build("\"a\" " + piece), Error::kUtf8);
    EXPECT_EQ(Build("\"\\" + piece + "\""), Error::kUtf8);
    EXPECT_EQ(Build("\"\x01" + piece), Error::kUtf8);
  }
}

std::string Nested(char opener, size_t depth) {
  std::string text;
  for (size_t i = 0; i < depth; ++i) text += opener == '[' ? "[" : i + 1 < depth ? "{\"a\":" : "{";
  text.append(depth, opener == '[' ? ']' : '}');
  return text;
}

TEST_P(JsonGrammar, CountsNestedContainers) {
  for (const char opener : {'[', '{'}) {
    for (const int depth : {1, 2, 63, 64, 65, 512}) {
      const auto size = static_cast<size_t>(depth);
      EXPECT_EQ(Build(Nested(opener, size), depth), Error::kNone) << depth;
      EXPECT_EQ(Build(Nested(opener, size), depth - 1), Error::kDepth) << depth;
      EXPECT_EQ(Build(Nested(opener, size + 1), depth), Error::kDepth) << depth;
    }
  }
  EXPECT_EQ(Build("1", 0), Error::kNone);
  EXPECT_EQ(Build("[]", 0), Error::kDepth);
  EXPECT_EQ(Build("[[],[],[[]],{}]", 3), Error::kNone);
  EXPECT_EQ(Build("[[],[],[[]],{}]", 2), Error::kDepth);
}

TEST_P(JsonGrammar, StandsAnAvalancheOfBrackets) {
  for (const std::string_view unit : {"[", "{\"a\":", "[{\"a\":", "]", "\"", "\\", ",", ":", "{"}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    EXPECT_NE(Build(text), Error::kNone) << unit;
    // Without a limit in the way the whole text is looked at.
    EXPECT_EQ(Build(text, 2'000'000), Error::kSyntax) << unit;
  }
  EXPECT_EQ(Build(Nested('[', 500'000), 500'000), Error::kNone);
}

TEST_P(JsonGrammar, HandlesSixteenMegabytesAndSmallTextsAfterThem) {
  constexpr size_t kBytes = size_t{16} << 20;
  EXPECT_EQ(Build("\"" + std::string(kBytes - 2, 'x') + "\""), Error::kNone);
  std::string dense = "[0";
  while (dense.size() + 3 < kBytes) dense += ",1";
  dense += ']';
  EXPECT_EQ(Build(dense), Error::kNone);
  dense.back() = ',';
  EXPECT_EQ(Build(dense), Error::kSyntax);
  EXPECT_EQ(Build("[1]"), Error::kNone);
  EXPECT_EQ(Build("[1"), Error::kSyntax);
}

TEST_P(JsonGrammar, ReadsNoByteOutsideTheText) {
  std::string source = R"({"key":["a\u00e9",1.5e3,null,{"b":"\\"}],"text":")";
  source += std::string(300, 'x') + "\"}";
  for (size_t size = 1; size <= source.size(); ++size) {
    for (const auto side : {GuardedText::Side::kBefore, GuardedText::Side::kBehind}) {
      const GuardedText text(source.substr(source.size() - size), side);
      const Error expected = Reference(text.view(), kDepthMax).Check();
      ASSERT_EQ(index_.Build(text.view(), kDepthMax), expected) << size;
      const GuardedText cut(source.substr(0, size), side);
      ASSERT_EQ(index_.Build(cut.view(), kDepthMax), Reference(cut.view(), kDepthMax).Check());
    }
  }
  // Every way to end at the guard: a number, a word, an escape, a string, a bracket.
  for (const std::string_view end :
       {"1", "-", "1.", "1e", "tru", "true", "\"\\", "\"\\u", "\"\\u1", "\"\\u123", "\"a", "\"a\"",
        "[", "{\"a\"", "{\"a\":", "\xe2"}) {
    for (const size_t blanks : {0u, 1u, 60u, 61u, 62u, 63u, 64u, 127u, 128u}) {
      const GuardedText text(std::string(blanks, ' ') + std::string(end),
                             GuardedText::Side::kBehind);
      ASSERT_EQ(index_.Build(text.view(), kDepthMax), Reference(text.view(), kDepthMax).Check())
          << end;
    }
  }
}

// Texts in the neighbourhood of legal ones: pieces put together at random.
std::string RandomText(SeededRandom* random) {
  static constexpr std::string_view kPieces[] = {
      "[",    "]",          "{",
      "}",    ",",          ":",
      "\"",   "\"a\"",      "\"\\n\"",
      "\\",   "\"k\":",     "1",
      "-",    ".5",         "e3",
      "true", "null",       " ",
      "\n",   "\t",         "\xc3\xa9",
      "\xff", "\x01",       "\\u00e9",
      "\\u",  "[1,2]",      "{}",
      "[]",   "{\"a\":[]}", "\x0c",
      "\x1a", "      ",     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
  };
  std::string text;
  const uint64_t pieces = 1 + random->Next() % 24;
  for (uint64_t i = 0; i < pieces; ++i) text += kPieces[random->Next() % std::size(kPieces)];
  return text;
}

std::string RandomValue(SeededRandom* random, int depth) {
  static constexpr std::string_view kScalars[] = {
      "0",
      "-1.5e-3",
      "true",
      "false",
      "null",
      "\"\"",
      "\"a\\\"b\"",
      "\"\\\\\"",
      "\" [{,:}] \"",
      "\"caf\xc3\xa9\\u00e9\"",
      "12345678901234567890",
  };
  static constexpr std::string_view kBlanks[] = {"", "", "", " ", "\n  ", "\t"};
  const auto blank = [random] { return std::string(kBlanks[random->Next() % std::size(kBlanks)]); };
  const uint64_t dice = random->Next() % 8;
  if (depth == 0 || dice < 4) {
    return blank() + std::string(kScalars[random->Next() % std::size(kScalars)]) + blank();
  }
  const bool array = dice < 6;
  std::string text = blank() + (array ? "[" : "{") + blank();
  const uint64_t parts = random->Next() % 6;
  for (uint64_t i = 0; i < parts; ++i) {
    if (i > 0) text += ',';
    if (!array) text += blank() + "\"k\\\\" + std::to_string(i) + "\"" + blank() + ":";
    text += RandomValue(random, depth - 1);
  }
  return text + blank() + (array ? "]" : "}") + blank();
}

TEST_P(JsonGrammar, AgreesWithThePlainCheckerOnRandomTexts) {
  SeededRandom random(1);
  int good = 0;
  for (int i = 0; i < 60'000; ++i) {
    const std::string text = RandomText(&random);
    const Error expected = Reference(text, kDepthMax).Check();
    ASSERT_EQ(Build(text), expected) << i << ": " << text;
    good += expected == Error::kNone ? 1 : 0;
  }
  EXPECT_GT(good, 1000);  // or the pieces would test refusals only
}

TEST_P(JsonGrammar, AgreesWithThePlainCheckerOnDamagedTexts) {
  static constexpr std::string_view kDamage = "[]{},:\"\\ 1-.etn\x01\xff\x0c\n";
  SeededRandom random(2);
  for (int i = 0; i < 8'000; ++i) {
    std::string text = RandomValue(&random, 5);
    ASSERT_EQ(Build(text), Error::kNone) << text;
    const size_t at = random.Next() % text.size();
    switch (random.Next() % 3) {
      case 0:
        text.erase(at, 1 + random.Next() % 3);
        break;
      case 1:
        text.insert(at, 1, kDamage[random.Next() % kDamage.size()]);
        break;
      default:
        text[at] = kDamage[random.Next() % kDamage.size()];
    }
    ASSERT_EQ(Build(text), Reference(text, kDepthMax).Check()) << text;
  }
}

TEST_P(JsonGrammar, SpellsEveryRandomTextAgainFromItsParts) {
  SeededRandom random(3);
  for (int i = 0; i < 8'000; ++i) {
    const std::string text = RandomValue(&random, 5);
    ASSERT_EQ(index_.Build(text, kDepthMax), Error::kNone) << text;
    ASSERT_EQ(Reference::Spelled(index_, index_.root()), Reference::Minified(text));
  }
}

}  // namespace
}  // namespace smcp::json
