#include "gateway/codec/base64.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/rng.h"

namespace smcp::base64 {
namespace {

std::string Encoded(std::string_view bytes) {
  std::string out;
  Append(&out, bytes);
  return out;
}

std::string Random(SeededRandom* random, size_t size) {
  std::vector<uint8_t> bytes(size);
  random->Fill(bytes);
  return {bytes.begin(), bytes.end()};
}

struct Vector {
  std::string_view bytes;
  std::string_view text;
};

// RFC 4648 section 10, and the attachments of the wire captures.
constexpr Vector kVectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\x01\x02\x03", "AQID"},
    {"\x04\x05", "BAU="},
    {"\xff\xef\xbe", "/+++"},
    {"\xfb\xff", "+/8="},
};

TEST(Base64, WritesEveryVector) {
  for (const Vector& vector : kVectors) EXPECT_EQ(Encoded(vector.bytes), vector.text);
}

TEST(Base64, AppendsBehindWhatIsThere) {
  std::string out = "b";
  Append(&out, "\x01\x02\x03");
  EXPECT_EQ(out, "bAQID");
}

TEST(Base64, ReadsEveryVectorWithAndWithoutPadding) {
  for (const Vector& vector : kVectors) {
    std::string out = "old";
    EXPECT_TRUE(Decode(vector.text, &out)) << vector.text;
    EXPECT_EQ(out, vector.bytes);
    const std::string_view bare = vector.text.substr(0, vector.text.find('='));
    EXPECT_TRUE(Decode(bare, &out)) << bare;
    EXPECT_EQ(out, vector.bytes);
  }
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const std::string_view text :
       {"A",     "AQIDA", "=",      "==",       "===",   "====",     "A=",         "A==",
        "A===",  "AQ=",   "AQ===",  "AQI==",    "AQID=", "AQID====", "AQ=A",       "AQ==AQ==",
        "AQ ID", " AQID", "AQID\n", "AQID\r\n", "AQ-_",  "AQ.D",     "AQ\xc3\xa9", "%41QID"}) {
    std::string out;
    EXPECT_FALSE(Decode(text, &out)) << text;
  }
  std::string out;
  EXPECT_FALSE(Decode(std::string_view("AQ\0D", 4), &out));
}

TEST(Base64, IgnoresTheBitsOfTheLastDigitThatBelongToNoByte) {
  std::string out;
  EXPECT_TRUE(Decode("Zh==", &out));
  EXPECT_EQ(out, "f");
}

TEST(Base64, RefusesEveryByteOutsideItsAlphabet) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    for (const size_t place : {0u, 1u, 2u, 3u, 4u, 5u, 6u}) {
      std::string text = "AAAAAAA";
      text[place] = c;
      std::string out;
      EXPECT_EQ(Decode(text, &out), alphabet.find(c) != std::string::npos)
          << byte << " at " << place;
    }
  }
}

TEST(Base64, ReadsBackWhatItWroteAtEveryLength) {
  SeededRandom random(7);
  for (size_t size = 0; size < 300; ++size) {
    const std::string bytes = Random(&random, size);
    std::string out;
    ASSERT_TRUE(Decode(Encoded(bytes), &out)) << size;
    ASSERT_EQ(out, bytes);
  }
}

TEST(Base64Url, UsesTheUrlAlphabetWithoutPadding) {
  const std::array<uint8_t, 4> bytes = {0xfb, 0xff, 0xbf, 0xff};
  EXPECT_EQ(EncodeUrl(bytes), "-_-__w");
}

TEST(Base64Url, ReadsBackWhatItWroteAtEveryLength) {
  SeededRandom random(9);
  for (size_t size = 0; size < 100; ++size) {
    std::vector<uint8_t> bytes(size);
    random.Fill(bytes);
    std::vector<uint8_t> out(size);
    ASSERT_TRUE(DecodeUrl(EncodeUrl(bytes), out)) << size;
    ASSERT_EQ(out, bytes);
  }
}

TEST(Base64Url, RefusesAnyLengthButTheExactOne) {
  std::array<uint8_t, 18> out{};
  for (size_t size = 0; size < 40; ++size) {
    EXPECT_EQ(DecodeUrl(std::string(size, 'A'), out), size == 24) << size;
  }
}

TEST(Base64Url, RefusesASecondSpellingOfTheSameBytes) {
  std::array<uint8_t, 1> one{};
  std::array<uint8_t, 2> two{};
  int ones = 0;
  int twos = 0;
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    ones += DecodeUrl(std::string("A") + c, one) ? 1 : 0;
    twos += DecodeUrl(std::string("AA") + c, two) ? 1 : 0;
  }
  EXPECT_EQ(ones, 4);   // two bits of the last digit count, four must be zero
  EXPECT_EQ(twos, 16);  // four count, two must be zero
}

TEST(Base64Url, RefusesTheStandardAlphabet) {
  std::array<uint8_t, 3> out{};
  EXPECT_TRUE(DecodeUrl("--__", out));
  EXPECT_FALSE(DecodeUrl("++//", out));
  EXPECT_FALSE(DecodeUrl("AQ==", out));
}

}  // namespace
}  // namespace smcp::base64
