#include "api/records.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "api/waiting.h"
#include "base/log.h"
#include "base/random.h"
#include "capture/files/file_source.h"
#include "capture/files/loader.h"
#include "capture/redaction/sealed_bytes.h"
#include "codec/base64.h"
#include "codec/utf8.h"
#include "net/url.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t kPageLines = 100;
/// For what was loaded to be in a log store elsewhere, before it is said to wait.
constexpr Duration kSettles = std::chrono::seconds(2);
/// Bytes of an upload between two looks at the disk. All that may be on their way at once stay within half the reserve.
constexpr std::uint64_t kCheckedEvery = std::uint64_t{4} << 20;

/// Of a small disk no more than its twentieth: it would never be free enough.
std::uint64_t reserve_of(const UploadRoom& room, const fs::space_info& space) {
  return std::min<std::uint64_t>(room.reserve, space.capacity / 20);
}

/// A file that is there until the object goes.
class Upload {
 public:
  Upload(const fs::path& folder, const UploadRoom& room) : room_(room), path_(folder / random_hex(12)) {
    errno = 0;
    out_.open(path_, std::ios::binary);
    if (!out_.good()) unopened_ = errno;
  }
  ~Upload() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

  [[nodiscard]] const capture::SealKey& key() const { return key_; }

  /// kStorageFull where the disk would be left with less than the reserve: the stores live there too.
  [[nodiscard]] Status write(std::string piece) {
    if (unchecked_ += piece.size(); unchecked_ >= kCheckedEvery) {
      unchecked_ = 0;
      FW_TRY(check_room());
    }
    seal_.apply(piece);
    if (unopened_ != 0) return failed(unopened_);
    errno = 0;
    out_.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return check();
  }
  [[nodiscard]] Status close() {
    errno = 0;
    out_.close();
    return check();
  }
  [[nodiscard]] Status check_room() const {
    const auto space = room_.space(path_.parent_path());
    const std::uint64_t reserve = reserve_of(room_, space);
    if (space.available >= reserve) return {};
    return storage_full("no space left for the upload in " + path_.parent_path().string() + ": it would leave " +
                        std::to_string(space.available >> 20) + " MiB free, and " + std::to_string(reserve >> 20) +
                        " MiB are kept for the stores; make room, or load the file in parts");
  }

 private:
  [[nodiscard]] Status check() const { return out_.good() ? Status() : failed(errno == 0 ? EIO : errno); }
  /// A disk or a table of open files that fails now may take the same upload later.
  [[nodiscard]] Error failed(int code) const {
    const Error error = system_error("cannot keep the upload in " + path_.parent_path().string(), code);
    return code == EIO || code == EMFILE || code == ENFILE ? unavailable(error.message + "; try again later") : error;
  }

  const UploadRoom& room_;
  fs::path path_;
  std::ofstream out_;
  int unopened_ = 0;  // why the file could not be made
  std::uint64_t unchecked_ = 0;
  capture::SealKey key_ = capture::SealKey::make();
  capture::Seal seal_{key_};
};

Task<Status> receive(net::BodyReader& body, Upload& upload, Pool& disk, Deadline deadline) {
  FW_CO_TRY(co_await run_on(disk, [&] { return upload.check_room(); }));
  while (true) {
    FW_CO_ASSIGN(auto piece, co_await body.next(deadline));
    if (!piece) break;
    FW_CO_TRY(co_await run_on(disk, [&] { return upload.write(std::move(*piece)); }));
  }
  co_return co_await run_on(disk, [&upload] { return upload.close(); });
}

Result<capture::LoadReport> load_upload(const Upload& upload, const std::string& name, capture::Loader loader,
                                        const capture::LoadOptions& options, const Deadline& deadline) {
  FW_ASSIGN(const auto file, capture::FileSource::open(upload.path().string(), deadline));
  capture::UnsealedSource source(*file, upload.key());
  return loader.load_source(name, source, options, deadline);
}

Json report_json(const capture::LoadReport& report) {
  Json reasons = Json::object();
  for (const auto& [reason, count] : report.reasons) reasons[reason] = count;
  Json workloads = Json::array();
  for (const auto& w : report.workloads) {
    workloads.push_back({{"workload_id", *w.workload}, {"client_id", *w.client}, {"records", w.records}});
  }
  Json out{{"lines", report.lines},
           {"appended", report.appended},
           {"duplicates", report.duplicates},
           {"elsewhere", report.elsewhere},
           {"bad", report.bad},
           {"skipped", report.skipped},
           {"not_kept", report.not_kept},
           {"reasons", std::move(reasons)},
           {"workloads", std::move(workloads)}};
  for (const auto& [rule, count] : report.redacted) out["redacted"][rule] = count;
  out["skips"] = Json::object();
  for (const auto& [what, count] : report.skips) out["skips"][what] = count;
  out["repairs"] = Json::object();
  for (const auto& [what, count] : report.repairs) out["repairs"][what] = count;
  out["error"] = nullptr;
  if (!report.files.empty() && report.files.front().error) out["error"] = report.files.front().error->message;
  return out;
}

/// Why a body was not read, or not to its end: it comes no better a second time.
std::optional<Error> why_not_whole(const capture::LoadReport& report) {
  if (report.files.empty()) return std::nullopt;
  return report.files.front().error;
}

int status_of(const Error& error) {
  // Damage is in what was sent, as it is for the other ways in.
  return error.code == ErrorCode::kDataLoss ? 400 : net::error_response(error).status;
}

Result<capture::LoadOptions> load_options(const net::QueryParams& query) {
  capture::LoadOptions options;
  options.origin = record::Origin::kUpload;
  if (const auto workload = query.find("workload_id")) {
    auto id = record::WorkloadId::parse(std::string(*workload));
    if (!id.ok()) return invalid_argument("workload_id " + id.error().message);
    options.workload = std::move(id).value();
  }
  if (const auto client = query.find("client_id")) {
    auto id = record::ClientId::parse(std::string(*client));
    if (!id.ok()) return invalid_argument("client_id " + id.error().message);
    options.client = std::move(id).value();
  }
  return options;
}

/// The answer to a load that failed. What is the service's own trouble, a full disk above all, is in its log too: the
/// one who loads is often not the one who can help.
net::Response refusal(const Error& error, std::string_view source) {
  if (net::Response response = net::error_response(error); response.status < 500) return response;
  log_error("api", "load failed", {{"source", source}, {"error", error.message}});
  return net::error_response(error);
}

/// One of those who load, while it lives.
class Place {
 public:
  explicit Place(std::atomic<int>& taken) : taken_(taken), number_(++taken) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  std::atomic<int>& taken_;
  const int number_;
};

net::Response too_many_loads() {
  auto response = net::error_response(unavailable(std::to_string(RecordsResource::kMostLoads) +
                                                  " uploads are being loaded already; try again in a moment"));
  response.headers.add("Retry-After", "5");
  return response;
}

net::Response stopped() {
  auto response = net::error_response(
      unavailable("the service is stopping; load this again when it is back: what was stored is not stored twice"));
  response.headers.add("Retry-After", "5");
  return response;
}

}  // namespace

fs::space_info space_of(const fs::path& folder) {
  std::error_code ignored;  // what cannot be told is as much as can be
  return fs::space(folder, ignored);
}

RecordsResource::RecordsResource(logstore::LogStore& log, capture::Quarantine& quarantine,
                                 const capture::Redactor& redactor, Pool& disk, Pool& load, const Clock& clock,
                                 fs::path uploads, UploadRoom room)
    : log_(log),
      quarantine_(quarantine),
      redactor_(redactor),
      disk_(disk),
      load_(load),
      clock_(clock),
      uploads_(std::move(uploads)),
      room_(std::move(room)) {}

std::optional<fs::space_info> RecordsResource::running_out() const {
  const auto space = room_.space(uploads_);
  if (space.capacity == 0 || space.available >= 2 * reserve_of(room_, space)) return std::nullopt;
  return space;
}

void RecordsResource::add_to(net::Router& router) {
  router.on_stream(
      net::Method::kPost, "/api/records",
      [this](net::IncomingRequest& request, net::PathParams, net::ResponseWriter& out) { return load(request, out); });
  router.on(net::Method::kGet, "/api/quarantine", [this](net::Call call) { return quarantined(std::move(call)); });
}

Task<void> RecordsResource::load(net::IncomingRequest& request, net::ResponseWriter& out) {
  (void)co_await out.send(co_await loaded(request), request.deadline);
}

Task<net::Response> RecordsResource::loaded(net::IncomingRequest& request) {
  const net::QueryParams query(request.query());
  const std::string name(query.find("source").value_or("upload"));
  const auto options = load_options(query);
  if (!options.ok()) co_return net::error_response(options.error());
  const Place place(loads_);
  if (place.number() > kMostLoads) co_return too_many_loads();
  auto upload = co_await run_on(disk_, [this] { return std::make_unique<Upload>(uploads_, room_); });
  const Status received = co_await receive(*request.body, *upload, disk_, request.deadline);
  const Deadline deadline = request.deadline;
  auto report = co_await run_on(load_, [&]() -> Result<capture::LoadReport> {
    const auto removed_here = std::move(upload);  // a large file takes its time to go
    FW_TRY(received);
    FW_ASSIGN(auto kept, load_upload(*removed_here, name, capture::Loader(log_, quarantine_, clock_, redactor_),
                                     *options, deadline));
    if (log_.backlog().trouble.ok()) (void)log_.settle({}, deadline.within(kSettles));
    return kept;
  });
  if (report.ok()) {
    Json body = report_json(*report);
    add_waiting(body, log_, clock_.now());
    const auto why = why_not_whole(*report);
    if (why) body["detail"] = why->message;
    co_return net::json_response(why ? status_of(*why) : 200, dump(body));
  }
  co_return report.error().code == ErrorCode::kCancelled ? stopped() : refusal(report.error(), name);
}

Task<Result<net::Response>> RecordsResource::quarantined(net::Call call) {
  std::uint64_t offset = 0;
  const auto text = call.query.find("offset").value_or("0");
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    co_return invalid_argument("offset must be a whole number from an earlier page");
  }
  std::optional<std::string> reason;
  if (const auto wanted = call.query.find("reason")) reason = std::string(*wanted);
  FW_CO_ASSIGN(const auto page,
               co_await run_if_room(disk_, [&] { return quarantine_.list(reason, offset, kPageLines); }));
  Json lines = Json::array();
  for (const auto& l : page.lines) {
    lines.push_back(
        {{"source", l.source}, {"line", l.line}, {"reason", l.reason}, {"bytes", l.bytes}, {"length", l.length}});
    if (!codec::is_valid_utf8(l.bytes)) lines.back()["base64"] = codec::base64_encode(l.bytes);
  }
  Json counts = Json::object();
  for (const auto& [why, n] : quarantine_.counts()) counts[why] = n;
  Json body{{"counts", std::move(counts)}, {"lines", std::move(lines)}, {"next", nullptr}};
  if (page.next) body["next"] = *page.next;
  co_return answer(200, body);
}

}  // namespace fw::api
