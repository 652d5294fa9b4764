// UTF-8 validity of a whole text. Any thread; never throws.
#pragma once

#include <string_view>

namespace smcp {

bool IsUtf8(std::string_view text);

}  // namespace smcp
