#include "gateway/daemon/settings.h"

#include <gmock/gmock.h>

#include "gateway/daemon/config.h"

namespace smcp {
namespace {

config::GatewayConfig Load(std::vector<std::string> sets) {
  auto loaded =
      config::LoadConfig({.file = std::nullopt, .environment = {}, .sets = std::move(sets)});
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  return loaded->config;
}

net::HttpRequest RequestWith(std::string query) {
  net::HttpRequest request;
  request.method = "GET";
  request.query = std::move(query);
  return request;
}

TEST(Settings, DefaultsOfTheSchemaAreThoseOfTheLibrary) {
  const sio::ServerOptions options = ServerOptionsFrom(Load({}));
  const SessionLimits library;
  EXPECT_EQ(options.session.ping_interval, library.ping_interval);
  EXPECT_EQ(options.session.ping_timeout, library.ping_timeout);
  EXPECT_EQ(options.session.upgrade_timeout, library.upgrade_timeout);
  EXPECT_EQ(options.session.connect_timeout, library.connect_timeout);
  EXPECT_EQ(options.session.payload_bytes_max, library.payload_bytes_max);
  EXPECT_EQ(options.session.json_depth_max, library.json_depth_max);
  EXPECT_EQ(options.session.attachments_max, library.attachments_max);
  EXPECT_EQ(options.session.outbox_bytes_max, library.outbox_bytes_max);
  EXPECT_EQ(options.session.events_per_second, library.events_per_second);
  EXPECT_EQ(options.http.connections_max, HttpLimits().connections_max);
  EXPECT_EQ(options.http.connections_per_ip_max, HttpLimits().connections_per_ip_max);
}

TEST(Settings, ZeroTurnsDepthAndAttachmentLimitsOffInsteadOfRefusingEverything) {
  const auto session =
      ServerOptionsFrom(Load({"limits.json_depth=0", "limits.attachments=0"})).session;
  EXPECT_GT(session.json_depth_max, 100'000);
  EXPECT_GT(session.attachments_max, 100'000);
}

TEST(Settings, CallTimeoutsAndMixedOfficesReachTheDomain) {
  const SmcpOptions options =
      SmcpOptionsFrom(Load({"calls.default_timeout=7s", "calls.timeout_slack=1s",
                            "calls.max_timeout=90s", "protocol.mixed_offices=allow"}));
  EXPECT_EQ(options.call_timeout, Millis(7'000));
  EXPECT_EQ(options.call_timeout_slack, Millis(1'000));
  EXPECT_EQ(options.call_timeout_max, Millis(90'000));
  EXPECT_TRUE(options.mixed_offices);
}

TEST(Settings, EventsToRelayAndAcksOfNewsReachTheDomain) {
  const SmcpOptions defaults = SmcpOptionsFrom(Load({}));
  EXPECT_TRUE(defaults.passthrough_events.empty());
  EXPECT_TRUE(defaults.ack_notifications);
  const SmcpOptions options =
      SmcpOptionsFrom(Load({"protocol.passthrough_events=client:a,client:b",
                            "protocol.ack_notifications=false", "protocol.versions=0.5,0.2"}));
  EXPECT_THAT(options.passthrough_events, testing::UnorderedElementsAre("client:a", "client:b"));
  EXPECT_FALSE(options.ack_notifications);
  EXPECT_THAT(options.versions.served, testing::ElementsAre(Generation::kG2, Generation::kG5));
}

TEST(Settings, ApiKeyTakesNamesFromTheConfiguration) {
  const ApiKeyOptions options = ApiKeyOptionsFrom(
      Load({"auth.api_key.header_names=x-one,x-two", "auth.api_key.auth_fields=key"}), "s");
  EXPECT_EQ(options.secret, "s");
  EXPECT_THAT(options.header_names, testing::ElementsAre("x-one", "x-two"));
  EXPECT_THAT(options.auth_fields, testing::ElementsAre("key"));
}

TEST(Settings, GateLetsServedVersionsAndUnversionedClientsThrough) {
  const auto gate = ServerOptionsFrom(Load({})).gate;
  EXPECT_FALSE(gate(RequestWith("EIO=4&transport=polling")).has_value());
  EXPECT_FALSE(gate(RequestWith("a2c_version=0.3.1")).has_value());
}

TEST(Settings, GateRefusesOtherVersionsWithTheCodeInBodyAndHeader) {
  const auto reply = ServerOptionsFrom(Load({})).gate(RequestWith("a2c_version=0.9.0"));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(net::FormatReply(*reply, RequestWith("")),
            "HTTP/1.1 400 Bad Request\r\n"
            "content-type: application/json\r\n"
            "content-length: 162\r\n"
            "x-a2c-error-code: 4008\r\n"
            "\r\n"
            R"({"code": 4008, "message": "Protocol version mismatch", "server_version": "0.4.0", )"
            R"("client_version": "0.9.0", "min_supported": "0.1.0", "max_supported": "0.4.999"})");
}

TEST(Settings, GateRefusesUnversionedClientsWithoutErrorCodeHeaderWhenToldTo) {
  const auto reply =
      ServerOptionsFrom(Load({"protocol.allow_unversioned=false"})).gate(RequestWith(""));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->body, R"({"code": 400, "message": "Missing a2c_version query parameter"})");
  EXPECT_TRUE(reply->headers.empty());
}

}  // namespace
}  // namespace smcp
