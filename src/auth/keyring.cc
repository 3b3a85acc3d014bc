#include "auth/keyring.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "auth/secret.h"
#include "base/log.h"

namespace fw::auth {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kStreamWait = std::chrono::seconds(1);  // nobody knows when a stream ends

std::int64_t number_of(const std::optional<Timestamp>& time) { return time ? time->time_since_epoch().count() : 0; }
std::optional<Timestamp> time_of(std::int64_t number) {
  if (number == 0) return std::nullopt;
  return Timestamp(std::chrono::nanoseconds(number));
}

Result<std::shared_ptr<ActiveKey>> read_key(metastore::KeyRow row) {
  const Json json = Json::parse(row.data, nullptr, false);
  if (!json.is_object()) return data_loss("key " + row.id + " in the metadata file is no JSON object");
  FW_ASSIGN(Key key, key_of_json(json));
  key.id = std::move(row.id);
  key.created_at = row.created_at;
  key.last_used = row.last_used;
  key.revoked_at = row.revoked_at;
  return std::make_shared<ActiveKey>(std::move(key), std::move(row.hash));
}

Key as_it_is(const ActiveKey& active) {
  Key key = active.key();
  key.last_used = active.last_used();
  key.revoked_at = active.revoked_at();
  return key;
}

bool is_admin(const ActiveKey& active) {
  return active.key().is_for(ListenerName::kControl) && active.key().role == Role::kAdmin && !active.is_revoked();
}

bool is_admin_key(const std::shared_ptr<ActiveKey>& active) { return is_admin(*active); }

}  // namespace

ActiveKey::ActiveKey(Key key, std::string hash)
    : key_(std::move(key)),
      hash_(std::move(hash)),
      last_used_(number_of(key_.last_used)),
      revoked_at_(number_of(key_.revoked_at)),
      requests_(key_.limits.requests_per_second),
      flow_(key_.limits.bytes_per_second) {}

std::optional<Timestamp> ActiveKey::last_used() const { return time_of(last_used_); }
std::optional<Timestamp> ActiveKey::revoked_at() const { return time_of(revoked_at_); }

Status ActiveKey::begin(Timestamp now, Instant instant, Duration& wait) {
  last_used_ = now.time_since_epoch().count();
  const Limits& limits = key_.limits;
  const std::uint64_t open = ++open_;
  const auto refuse = [&](Duration until, const char* what) -> Status {
    --open_;
    ++limited_;
    wait = until;
    return resource_exhausted("key " + key_.id + " has had its " + what +
                              "; try again later, or ask for another limit");
  };
  if (limits.open_streams > 0 && open > limits.open_streams) return refuse(kStreamWait, "streams at a time");
  if (limits.requests_per_second > 0 || limits.bytes_per_second > 0) {
    const std::lock_guard lock(mutex_);
    if (const auto until = flow_.wait(instant)) return refuse(*until, "bytes a second");
    if (const auto until = requests_.wait(instant)) return refuse(*until, "requests a second");
    requests_.charge(1, instant);
  }
  ++admitted_;
  return {};
}

void ActiveKey::count_bytes(std::uint64_t bytes, Instant instant) {
  bytes_ += bytes;
  if (key_.limits.bytes_per_second <= 0) return;
  const std::lock_guard lock(mutex_);
  flow_.charge(static_cast<double>(bytes), instant);
}

Keyring::Keyring(metastore::KeyStore& store, const Clock& clock)
    : store_(store), clock_(clock), table_(std::make_shared<const Table>()) {}
Keyring::~Keyring() = default;

Result<std::unique_ptr<Keyring>> Keyring::open(metastore::KeyStore& store, const Clock& clock) {
  FW_ASSIGN(auto rows, store.keys());
  std::unique_ptr<Keyring> keyring(new Keyring(store, clock));
  for (auto& row : rows) {
    FW_ASSIGN(auto key, read_key(std::move(row)));
    keyring->add(std::move(key));
  }
  return keyring;
}

void Keyring::add(std::shared_ptr<ActiveKey> key) {
  auto next = std::make_shared<Table>(*table());
  next->by_id[key->key().id] = key.get();
  for (const ListenerName listener : key->key().listeners) next->is_asked.at(static_cast<std::size_t>(listener)) = true;
  next->in_order.push_back(std::move(key));
  table_ = std::shared_ptr<const Table>(std::move(next));
}

Result<Keyring::Made> Keyring::create(Key wanted) {
  FW_TRY(check(wanted));
  if (wanted.is_for(ListenerName::kControl) && wanted.role != Role::kAdmin && !has_admin()) {
    return failed_precondition(
        "the first key for the control API has to be an admin's: from then on it asks for keys, and nobody else could "
        "make another");
  }
  const Secret secret = make_secret();
  wanted.id = secret.id;
  wanted.created_at = clock_.now();
  wanted.last_used.reset();
  wanted.revoked_at.reset();
  auto active = std::make_shared<ActiveKey>(wanted, hash_of_secret(secret.text));
  const std::lock_guard lock(changing_);
  FW_TRY(store_.add_key(
      {.id = wanted.id, .hash = active->hash(), .data = to_json(wanted).dump(), .created_at = wanted.created_at}));
  add(std::move(active));
  log_info("auth", "a key was made", {{"key", wanted.id}, {"name", wanted.name}, {"by", wanted.created_by}});
  return Made{std::move(wanted), secret.text};
}

Result<Key> Keyring::revoke(const std::string& id) {
  const std::lock_guard lock(changing_);
  const auto now_table = table();
  const auto found = now_table->by_id.find(id);
  if (found == now_table->by_id.end()) return not_found("there is no key " + id);
  ActiveKey& active = *found->second;
  if (active.is_revoked()) return as_it_is(active);
  if (is_admin(active) && std::ranges::count_if(now_table->in_order, is_admin_key) == 1) {
    return failed_precondition("key " + id +
                               " is the last one of an admin, and nobody could make another: make a key with the role "
                               "admin first, then revoke this one");
  }
  const Timestamp now = clock_.now();
  FW_TRY(store_.revoke_key(id, now));
  active.revoke(now);
  log_info("auth", "a key was revoked", {{"key", id}, {"name", active.key().name}});
  return as_it_is(active);
}

bool Keyring::has_admin() const { return std::ranges::any_of(table()->in_order, is_admin_key); }

std::vector<Key> Keyring::list() const {
  std::vector<Key> out;
  for (const auto& active : table()->in_order) out.push_back(as_it_is(*active));
  return out;
}

Status Keyring::save_use() {
  std::vector<metastore::KeyUse> uses;
  for (const auto& active : table()->in_order) {
    if (const auto at = active->last_used()) uses.push_back({active->key().id, *at});
  }
  if (uses.empty()) return {};
  return store_.note_use(uses);
}

bool Keyring::has_key(ListenerName listener) const {
  return std::ranges::any_of(
      table()->in_order, [&](const auto& active) { return active->key().is_for(listener) && !active->is_revoked(); });
}

Result<std::shared_ptr<ActiveKey>> Keyring::find(std::string_view secret) const {
  static const std::string kNoHash(64, '0');
  auto active = is_secret(secret) ? find_by_id(id_of_secret(secret)) : nullptr;
  const bool is_right = are_equal_secretly(hash_of_secret(secret), active ? active->hash() : kNoHash);
  if (active && is_right) return active;
  return unauthorized("the key is not known here, or was revoked; ask an admin for another");
}

std::shared_ptr<ActiveKey> Keyring::find_by_id(std::string_view id) const {
  const auto now_table = table();
  const auto found = now_table->by_id.find(id);
  if (found == now_table->by_id.end() || found->second->is_revoked()) return nullptr;
  return {now_table, found->second};
}

void Keyring::write_metrics(std::ostream& out) const {
  const auto now_table = table();
  if (now_table->in_order.empty()) return;
  out << "# HELP flywheel_key_requests_total Requests with a key: let in, and refused for its limits.\n"
         "# TYPE flywheel_key_requests_total counter\n";
  for (const auto& active : now_table->in_order) {
    const auto counts = active->counts();
    const std::string label = "flywheel_key_requests_total{key=\"" + active->key().id + "\",outcome=\"";
    out << label << "admitted\"} " << counts.admitted << '\n' << label << "limited\"} " << counts.limited << '\n';
  }
  out << "# HELP flywheel_key_bytes_total Bytes of bodies, of requests and answers.\n"
         "# TYPE flywheel_key_bytes_total counter\n";
  for (const auto& active : now_table->in_order) {
    out << "flywheel_key_bytes_total{key=\"" << active->key().id << "\"} " << active->counts().bytes << '\n';
  }
  out << "# HELP flywheel_key_open_requests Requests that are being answered.\n"
         "# TYPE flywheel_key_open_requests gauge\n";
  for (const auto& active : now_table->in_order) {
    out << "flywheel_key_open_requests{key=\"" << active->key().id << "\"} " << active->counts().open << '\n';
  }
}

}  // namespace fw::auth
