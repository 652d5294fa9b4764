#include "gateway/socketio/namespace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/smcp/support/fake_scheduler.h"
#include "tests/unit/support/fake_session_port.h"

namespace smcp::sio {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Recording final : public Namespace {
 public:
  using Namespace::Namespace;
  void OnUnknownEvent(Socket& socket, const EventView& event) override {
    unknown.push_back(socket.sid() + " " + std::string(event.name));
  }
  std::vector<std::string> unknown;
};

// One instance per shard, and clients on each.
class NamespaceTest : public ::testing::Test {
 protected:
  static constexpr uint16_t kShards = 3;

  struct Client {
    test::FakeSessionPort session;
    std::unique_ptr<Socket> socket;
  };

  NamespaceTest() {
    for (uint16_t shard = 0; shard < kShards; ++shard) {
      NamespaceContext context;
      context.name = "/n";
      context.shard = shard;
      context.scheduler = &scheduler_;
      context.sibling = [this](uint16_t there) -> Namespace* { return parts_[there].get(); };
      parts_.push_back(std::make_unique<Recording>(std::move(context)));
    }
  }

  Client& Add(uint16_t shard, std::string sid) {
    clients_.push_back(std::make_unique<Client>());
    Client& client = *clients_.back();
    client.socket = std::make_unique<Socket>(client.session, *parts_[shard], std::move(sid));
    parts_[shard]->Attach(*client.socket);
    return client;
  }
  void Gone(Client& client) {
    client.socket->nsp().Detach(*client.socket);
    client.socket.reset();
  }

  test::FakeScheduler scheduler_{kShards};
  std::vector<std::unique_ptr<Recording>> parts_;
  std::vector<std::unique_ptr<Client>> clients_;
};

class Event {
 public:
  explicit Event(std::string name, std::string ack_id = "")
      : name_(std::move(name)), ack_id_(std::move(ack_id)), payload_(EventPayload(name_, "1")) {
    EXPECT_EQ(index_.Build(payload_, 64), json::Error::kNone);
  }
  EventView view() const { return EventView{name_, payload_, ack_id_, index_, attachments_}; }

 private:
  std::string name_;
  std::string ack_id_;
  std::string payload_;
  json::Index index_;
  Attachments attachments_;
};

TEST_F(NamespaceTest, AnEventReachesTheHandlerOfItsNameAndNoOther) {
  Client& client = Add(0, "s");
  std::vector<std::string> seen;
  parts_[0]->On("a", [&](Socket& socket, const EventView& event) {
    seen.push_back(socket.sid() + " a " + std::string(event.payload));
  });
  parts_[0]->On("b", [&](Socket&, const EventView&) { seen.push_back("b"); });
  parts_[0]->Dispatch(*client.socket, Event("a").view());
  EXPECT_THAT(seen, ElementsAre("s a [\"a\",1]"));
  EXPECT_THAT(parts_[0]->unknown, IsEmpty());
}

TEST_F(NamespaceTest, ALaterHandlerOfTheSameNameReplacesTheFirst) {
  Client& client = Add(0, "s");
  std::string seen;
  parts_[0]->On("a", [&](Socket&, const EventView&) { seen += "first"; });
  parts_[0]->On("a", [&](Socket&, const EventView&) { seen += "second"; });
  parts_[0]->Dispatch(*client.socket, Event("a").view());
  EXPECT_EQ(seen, "second");
}

TEST_F(NamespaceTest, AnEventWithoutHandlerIsUnknownAndByDefaultNotAnswered) {
  Client& client = Add(0, "s");
  parts_[0]->Dispatch(*client.socket, Event("nobody", "7").view());
  EXPECT_THAT(parts_[0]->unknown, ElementsAre("s nobody"));
  EXPECT_THAT(client.session.Take(), IsEmpty());
}

TEST_F(NamespaceTest, MiddlewareRunsInOrderBeforeTheHandler) {
  Client& client = Add(0, "s");
  std::vector<std::string> seen;
  parts_[0]->On("a", [&](Socket&, const EventView&) { seen.push_back("handler"); });
  for (const std::string name : {"one", "two"}) {
    parts_[0]->Use([&seen, name](Socket&, const EventView& event) {
      seen.push_back(name + " " + std::string(event.name));
      return true;
    });
  }
  parts_[0]->Dispatch(*client.socket, Event("a").view());
  EXPECT_THAT(seen, ElementsAre("one a", "two a", "handler"));
}

TEST_F(NamespaceTest, MiddlewareThatSaysNoEndsTheWayOfAnEvent) {
  Client& client = Add(0, "s");
  std::vector<std::string> seen;
  parts_[0]->On("a", [&](Socket&, const EventView&) { seen.push_back("handler"); });
  parts_[0]->Use([&](Socket& socket, const EventView& event) {
    seen.push_back("guard");
    socket.SendAck(event.ack_id, "[\"no\"]", {});
    return false;
  });
  parts_[0]->Use([&](Socket&, const EventView&) {
    seen.push_back("later");
    return true;
  });
  parts_[0]->Dispatch(*client.socket, Event("a", "3").view());
  parts_[0]->Dispatch(*client.socket, Event("unknown", "4").view());
  EXPECT_THAT(seen, ElementsAre("guard", "guard"));
  EXPECT_THAT(parts_[0]->unknown, IsEmpty());
  EXPECT_THAT(client.session.Take(), ElementsAre("43/n,3[\"no\"]", "43/n,4[\"no\"]"));
}

TEST_F(NamespaceTest, ByDefaultEverybodyMayComeIn) {
  bool accepted = false;
  parts_[0]->OnConnect(ConnectRequest{},
                       [&](ConnectVerdict verdict) { accepted = verdict.accepted; });
  EXPECT_TRUE(accepted);
}

TEST_F(NamespaceTest, AnEmitReachesTheRoomOnEveryShardAndNobodyElse) {
  Client& near = Add(0, "near");
  Client& far = Add(2, "far");
  Client& other = Add(2, "other");
  near.socket->Join("r");
  far.socket->Join("r");
  other.socket->Join("r2");
  parts_[1]->EmitToRoom("r", "news", "{\"a\":1}");
  EXPECT_THAT(near.session.sent, IsEmpty());  // a post, never in place
  scheduler_.RunAll();
  EXPECT_THAT(near.session.Take(), ElementsAre("42/n,[\"news\",{\"a\":1}]"));
  EXPECT_THAT(far.session.Take(), ElementsAre("42/n,[\"news\",{\"a\":1}]"));
  EXPECT_THAT(other.session.Take(), IsEmpty());
}

TEST_F(NamespaceTest, AMemberOfARoomGetsEachEmitOnce) {
  Client& client = Add(0, "s");
  client.socket->Join("r");
  client.socket->Join("r");
  parts_[0]->EmitToRoom("r", "e", "");
  scheduler_.RunAll();
  EXPECT_THAT(client.session.Take(), ElementsAre("42/n,[\"e\"]"));
}

TEST_F(NamespaceTest, ASidIsTheRoomOfThatOneSocket) {
  Client& one = Add(1, "one");
  Client& two = Add(1, "two");
  parts_[0]->EmitToRoom("one", "e", "2");
  scheduler_.RunAll();
  EXPECT_THAT(one.session.Take(), ElementsAre("42/n,[\"e\",2]"));
  EXPECT_THAT(two.session.Take(), IsEmpty());
}

TEST_F(NamespaceTest, EmitToAllReachesEverySocketOnce) {
  Client& one = Add(0, "one");
  Client& two = Add(1, "two");
  one.socket->Join("r");
  parts_[2]->EmitToAll("e", "");
  scheduler_.RunAll();
  EXPECT_THAT(one.session.Take(), ElementsAre("42/n,[\"e\"]"));
  EXPECT_THAT(two.session.Take(), ElementsAre("42/n,[\"e\"]"));
}

TEST_F(NamespaceTest, WhoLeftARoomHearsNothingOfIt) {
  Client& stays = Add(0, "stays");
  Client& leaves = Add(0, "leaves");
  stays.socket->Join("r");
  leaves.socket->Join("r");
  leaves.socket->Leave("r");
  leaves.socket->Leave("never joined");
  parts_[0]->EmitToRoom("r", "e", "");
  scheduler_.RunAll();
  EXPECT_THAT(stays.session.Take(), ElementsAre("42/n,[\"e\"]"));
  EXPECT_THAT(leaves.session.Take(), IsEmpty());
  EXPECT_THAT(stays.socket->rooms(), UnorderedElementsAre("r"));
  EXPECT_THAT(leaves.socket->rooms(), IsEmpty());
}

TEST_F(NamespaceTest, ASocketThatIsGoneLeavesNothingBehindInItsRooms) {
  Client& gone = Add(1, "gone");
  Client& stays = Add(1, "stays");
  gone.socket->Join("r");
  gone.socket->Join("r2");
  stays.socket->Join("r");
  parts_[0]->EmitToRoom("r", "e", "");  // on its way while the socket goes
  EXPECT_EQ(parts_[1]->socket_count(), 2u);
  Gone(gone);
  EXPECT_EQ(parts_[1]->socket_count(), 1u);
  parts_[0]->EmitToRoom("r2", "e", "");
  parts_[0]->EmitToRoom("gone", "e", "");
  scheduler_.RunAll();
  EXPECT_THAT(gone.session.Take(), IsEmpty());
  EXPECT_THAT(stays.session.Take(), ElementsAre("42/n,[\"e\"]"));
}

TEST_F(NamespaceTest, EmitsOfOneInstanceArriveInTheirOrder) {
  Client& client = Add(2, "s");
  client.socket->Join("r");
  for (int i = 0; i < 5; ++i) parts_[0]->EmitToRoom("r", "e", std::to_string(i));
  scheduler_.RunAll();
  EXPECT_THAT(client.session.Take(),
              ElementsAre("42/n,[\"e\",0]", "42/n,[\"e\",1]", "42/n,[\"e\",2]", "42/n,[\"e\",3]",
                          "42/n,[\"e\",4]"));
}

TEST_F(NamespaceTest, AnEmitDoesNotAskSlowClientsToRefuse) {
  Client& client = Add(0, "s");
  client.session.last_refuse_if_slow = true;
  parts_[0]->EmitToAll("e", "");
  scheduler_.RunAll();
  EXPECT_FALSE(client.session.last_refuse_if_slow);  // news is delivered or the session ends
}

}  // namespace
}  // namespace smcp::sio
