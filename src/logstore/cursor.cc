#include "logstore/impl/cursor.h"

#include "base/hash.h"
#include "logstore/rocksdb/impl/layout.h"

namespace fw::logstore {
namespace {

// form byte, time, scan (a hash of selection and order), id; a check over these; all in hex.
constexpr char kForm = 1;
constexpr std::size_t kHeadBytes = 1 + 8 + 8;
constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kMaxTokenBytes = 2 * (kHeadBytes + 2 * layout::kMaxNameBytes + kCheckBytes);

std::string bytes_of(std::uint64_t value) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
  return out;
}

std::string scan_hash(const Selection& selection, Order order) {
  std::string text(1, order == Order::kOldestFirst ? 'o' : 'n');
  const auto add = [&text](const std::optional<std::string>& part) {
    text.append(part ? std::to_string(part->size()) + ':' + *part : "-");
  };
  const auto number = [](const std::optional<Timestamp>& time) -> std::optional<std::string> {
    if (!time) return std::nullopt;
    return std::to_string(time->time_since_epoch().count());
  };
  add(selection.workload ? std::optional(**selection.workload) : std::nullopt);
  add(selection.client ? std::optional(**selection.client) : std::nullopt);
  add(number(selection.from));
  add(number(selection.to));
  return bytes_of(hash64(text));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0 || hex.size() > kMaxTokenBytes) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

}  // namespace

Cursor make_workload_cursor(std::string_view count_key) { return {to_hex(count_key)}; }

Result<std::string> parse_workload_cursor(const Cursor& cursor) {
  auto key = from_hex(cursor.token);
  if (!key || !layout::parse_count_key(*key).ok()) {
    return invalid_argument("the cursor is not one of this list; start it again without a cursor");
  }
  return *std::move(key);
}

Cursor make_cursor(const Selection& selection, Order order, const Position& position) {
  std::string bytes(1, kForm);
  layout::append_time(bytes, position.time);
  bytes += scan_hash(selection, order);
  bytes += *position.id;
  bytes += bytes_of(hash64(bytes));
  return {to_hex(bytes)};
}

Result<Position> parse_cursor(const Cursor& cursor, const Selection& selection, Order order) {
  const auto decoded = from_hex(cursor.token);
  if (!decoded || decoded->size() <= kHeadBytes + kCheckBytes) {
    return invalid_argument("the cursor is not one of this log store; start the scan again without a cursor");
  }
  const std::string_view bytes = *decoded;
  const std::string_view body = bytes.substr(0, bytes.size() - kCheckBytes);
  if (body[0] != kForm || bytes.substr(body.size()) != bytes_of(hash64(body))) {
    return invalid_argument("the cursor is not one of this log store; start the scan again without a cursor");
  }
  if (body.substr(9, 8) != scan_hash(selection, order)) {
    return invalid_argument("the cursor belongs to a scan with another selection or order");
  }
  return Position{layout::parse_time(body.substr(1, 8)),
                  record::RecordId::from_stored(std::string(body.substr(kHeadBytes)))};
}

}  // namespace fw::logstore
