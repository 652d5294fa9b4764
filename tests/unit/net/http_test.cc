#include "gateway/net/http.h"

#include <gtest/gtest.h>

#include <string>

namespace smcp::net {
namespace {

HttpRequest Get() {
  HttpRequest request;
  request.method = "GET";
  return request;
}

TEST(HttpRequest, HeadersAreFoundWithoutCaseAndTheFirstWins) {
  HttpRequest request;
  request.headers = {{"Host", "a"}, {"X-Key", "one"}, {"x-key", "two"}};
  EXPECT_EQ(request.Header("HOST"), "a");
  EXPECT_EQ(request.Header("x-KEY"), "one");
  EXPECT_EQ(request.Header("x"), "");
}

TEST(HttpRequest, TokensAreFoundInAnyOfTheirHeadersWithoutCase) {
  HttpRequest request;
  request.headers = {{"Connection", "keep-alive,  Upgrade\t"}, {"connection", "x"}};
  EXPECT_TRUE(request.HasToken("Connection", "upgrade"));
  EXPECT_TRUE(request.HasToken("CONNECTION", "Keep-Alive"));
  EXPECT_TRUE(request.HasToken("connection", "X"));
  EXPECT_FALSE(request.HasToken("connection", "up"));
  EXPECT_FALSE(request.HasToken("connection", "keep-alive, upgrade"));
  EXPECT_FALSE(request.HasToken("upgrade", "websocket"));
}

TEST(FormatReply, HasStatusLineTypeLengthAndBody) {
  HttpReply reply;
  reply.body = "hello";
  EXPECT_EQ(FormatReply(reply, Get()),
            "HTTP/1.1 200 OK\r\n"
            "content-type: text/plain; charset=UTF-8\r\n"
            "content-length: 5\r\n"
            "\r\n"
            "hello");
}

TEST(FormatReply, WritesFurtherHeadersAndTheCloseOfTheConnection) {
  HttpReply reply;
  reply.status = 400;
  reply.content_type.clear();
  reply.headers = {{"Vary", "Origin"}, {"X", "y"}};
  reply.close = true;
  EXPECT_EQ(FormatReply(reply, Get()),
            "HTTP/1.1 400 Bad Request\r\n"
            "content-length: 0\r\n"
            "Vary: Origin\r\n"
            "X: y\r\n"
            "connection: close\r\n"
            "\r\n");
}

TEST(FormatReply, HeadGetsTheLengthOfTheBodyButNotTheBody) {
  HttpRequest request = Get();
  request.method = "HEAD";
  HttpReply reply;
  reply.body = "hello";
  const std::string bytes = FormatReply(reply, request);
  EXPECT_NE(bytes.find("content-length: 5\r\n"), std::string::npos);
  EXPECT_EQ(bytes.substr(bytes.size() - 4), "\r\n\r\n");
}

TEST(FormatReply, AnOldClientIsToldThatTheConnectionStays) {
  HttpRequest request = Get();
  request.http_1_0 = true;
  HttpReply reply;
  EXPECT_NE(FormatReply(reply, request).find("connection: keep-alive\r\n"), std::string::npos);
  request.keep_alive = false;
  reply.close = true;
  EXPECT_NE(FormatReply(reply, request).find("connection: close\r\n"), std::string::npos);
}

TEST(FormatReply, ASwitchOfProtocolsHasNoLength) {
  HttpReply reply;
  reply.status = 101;
  reply.content_type.clear();
  EXPECT_EQ(FormatReply(reply, Get()), "HTTP/1.1 101 Switching Protocols\r\n\r\n");
}

TEST(StatusText, EveryStatusThatIsSentHasItsName) {
  for (const unsigned status :
       {101u, 200u, 204u, 400u, 403u, 404u, 405u, 408u, 413u, 426u, 431u, 500u, 503u}) {
    EXPECT_NE(StatusText(status), "Status") << status;
    EXPECT_FALSE(StatusText(status).empty()) << status;
  }
}

TEST(PathIsUnder, TheMountItselfAndWhatLiesBelowIt) {
  for (const std::string_view mount : {"/socket.io", "/socket.io/"}) {
    EXPECT_TRUE(PathIsUnder("/socket.io", mount));
    EXPECT_TRUE(PathIsUnder("/socket.io/", mount));
    EXPECT_TRUE(PathIsUnder("/socket.io/x/y", mount));
    EXPECT_FALSE(PathIsUnder("/socket.iox", mount));
    EXPECT_FALSE(PathIsUnder("/socket.i", mount));
    EXPECT_FALSE(PathIsUnder("/", mount));
    EXPECT_FALSE(PathIsUnder("", mount));
    EXPECT_FALSE(PathIsUnder("/x/socket.io/", mount));
    EXPECT_FALSE(PathIsUnder("/Socket.IO/", mount));
  }
}

}  // namespace
}  // namespace smcp::net
