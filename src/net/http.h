#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace fw::net {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };

[[nodiscard]] std::string_view to_string(Method method);
/// Methods are case-sensitive (RFC 9110, 9.1).
[[nodiscard]] std::optional<Method> parse_method(std::string_view name);
/// Sending it twice does what sending it once does (RFC 9110, 9.2.2).
[[nodiscard]] bool is_idempotent(Method method);

/// Header fields in the order they came, found without regard to case. A value; a few dozen fields, so a list. Names
/// and values are kept as given; what may not stand on the wire is refused when the message is sent.
class Headers final {
 public:
  struct Field {
    std::string name;
    std::string value;
    friend bool operator==(const Field&, const Field&) = default;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// Appends, also beside a field of the same name.
  void add(std::string name, std::string value);
  /// Replaces every field of this name by one.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);

  /// The first value of this name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }
  /// A comma-separated list field (`Connection`, `Accept`) names `token`, in any of its lines, without regard to case.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Field> fields_;
};

/// Equal without regard to ASCII case.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

/// A whole request. `target` is an absolute URL where a client sends it (`http://127.0.0.1:8000/api/jobs?limit=5`), and
/// path and query as they came where a server received it (`/api/jobs?limit=5`).
struct Request {
  Method method = Method::kGet;
  std::string target;
  Headers headers;
  std::string body;
};

/// Status and headers of an answer whose body comes in pieces.
struct ResponseHead {
  int status = 200;
  Headers headers;
};

/// A whole answer.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;

  [[nodiscard]] bool is_success() const { return status >= 200 && status < 300; }
};

/// `Not Found` for 404; `Status 799` has none and gives an empty text.
[[nodiscard]] std::string_view reason_phrase(int status);

[[nodiscard]] Request json_request(Method method, std::string target, std::string json);
[[nodiscard]] Response json_response(int status, std::string json);
[[nodiscard]] Response text_response(int status, std::string text);
/// `{"detail": message}` with the given status: the form of every error the API answers.
[[nodiscard]] Response detail_response(int status, std::string_view message);
/// The same with the status of the error's code (base/error.h).
[[nodiscard]] Response error_response(const Error& error);
/// The error of an answer whose status is no success: the code that fits the status (401/403 kUnauthorized, 404
/// kNotFound, 408 kDeadlineExceeded, 409 kAlreadyExists, 413 kTooLarge, 429 kResourceExhausted, 507 kStorageFull,
/// others from 500 on kUnavailable, other kInvalidArgument), and a message of `where`, the status and the beginning of
/// the body (its `detail` if it has one).
[[nodiscard]] Error status_error(std::string_view where, const Response& response);

}  // namespace fw::net
