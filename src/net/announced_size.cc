#include "net/announced_size.h"

#include "net/impl/message_writer.h"

namespace fw::net {

Status check_announced(const Headers& headers, std::size_t max_bytes) {
  FW_ASSIGN(const auto length, declared_length(headers));
  if (!length || *length <= max_bytes) return {};
  return too_large("body of " + std::to_string(*length) + " bytes is larger than the limit of " +
                   std::to_string(max_bytes) + " bytes");
}

}  // namespace fw::net
