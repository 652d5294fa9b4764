// Finds the few top-level fields that the gateway routes by; everything else is skipped unread.
// Sans-IO, allocation-free; use on the shard that owns the index.
#pragma once

#include <span>
#include <string_view>

#include "gateway/codec/json_index.h"

namespace smcp {

// For names[i] sets values[i] to the field of that name, kMissing where there is none. Of duplicate
// keys the last wins, as in every client's JSON library: routing by another one than the Computer
// reads would let one request carry two targets.
void FindFields(const json::Index& index, const json::Value& object,
                std::span<const std::string_view> names, std::span<json::Value> values);

}  // namespace smcp
