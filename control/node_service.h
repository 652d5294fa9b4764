// smcp.control.v1.NodeService: the node's state, its drain, its log levels.
// Thread rule: as Service. The interface outlives it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "control/executor.h"
#include "control/node_admin.h"
#include "control/service.h"

namespace smcp::control {

class NodeService final : public Service {
 public:
  struct Parts {
    NodeAdmin* node = nullptr;
    std::shared_ptr<Executor> executor{};
    std::function<size_t()> watchers;
    // Told of every change, in words: for those who watch events.
    std::function<void(const std::string& what)> changed;
  };
  explicit NodeService(Parts parts) : parts_(std::move(parts)) {}

  void AddMethods(MethodTable& table) override;

 private:
  const Parts parts_;
};

}  // namespace smcp::control
