#include <nlohmann/json.hpp>

#include "audit/audit_log.h"
#include "audit/impl/chain.h"
#include "base/hash.h"

namespace fw::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHashMember = ",\"hash\":\"";
constexpr std::size_t kHashDigits = 64;

std::string without_hash(const Entry& entry) {
  const Event& e = entry.event;
  auto details = Json::parse(e.details, nullptr, /*allow_exceptions=*/false);
  if (!details.is_object()) details = Json::object();
  const Json line{{"number", entry.number},
                  {"at", entry.at.time_since_epoch().count()},
                  {"person", e.person},
                  {"action", e.action},
                  {"subject", e.subject},
                  {"reason", e.reason},
                  {"details", std::move(details)},
                  {"previous", entry.previous}};
  std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.pop_back();  // the brace: `hash` follows
  return text;
}

}  // namespace

std::string hash_of(const Entry& entry) { return sha256_hex(without_hash(entry)); }

std::string to_line(const Entry& entry) { return without_hash(entry) + std::string(kHashMember) + entry.hash + "\"}"; }

Result<Entry> from_line(std::string_view line) {
  const std::size_t tail = kHashMember.size() + kHashDigits + 2;
  if (line.size() <= tail || !line.substr(line.size() - tail).starts_with(kHashMember)) {
    return data_loss("it is no entry of an audit log");
  }
  const auto json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  Entry entry;
  try {
    entry.number = json.at("number").get<std::uint64_t>();
    entry.at = Timestamp(std::chrono::nanoseconds(json.at("at").get<std::int64_t>()));
    entry.event = {json.at("person").get<std::string>(), json.at("action").get<std::string>(),
                   json.at("subject").get<std::string>(), json.at("reason").get<std::string>(),
                   json.at("details").dump()};
    entry.previous = json.at("previous").get<std::string>();
    entry.hash = json.at("hash").get<std::string>();
  } catch (const nlohmann::json::exception&) {
    return data_loss("it is no entry of an audit log");
  }
  if (sha256_hex(line.substr(0, line.size() - tail)) != entry.hash)
    return data_loss("it was changed: its hash does not fit");
  return entry;
}

}  // namespace fw::audit
