#include "capture/files/impl/sniff.h"

#include <algorithm>
#include <array>

namespace fw::capture {
namespace {

using namespace std::string_view_literals;

constexpr const char* kUtf16 =
    "it is UTF-16 text; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8 FILE | flywheel load -)";
constexpr const char* kUtf16Little =
    "it is UTF-16 text without a mark; convert it to UTF-8 (iconv -f UTF-16LE -t UTF-8 FILE | flywheel load -)";
constexpr const char* kUtf16Big =
    "it is UTF-16 text without a mark; convert it to UTF-8 (iconv -f UTF-16BE -t UTF-8 FILE | flywheel load -)";
constexpr const char* kUtf32 =
    "it is UTF-32 text; convert it to UTF-8 (iconv -f UTF-32 -t UTF-8 FILE | flywheel load -)";
constexpr const char* kParquet =
    "it is a Parquet file; export it as JSON lines (duckdb -c \"COPY (FROM 'FILE') TO 'OUT.jsonl'\")";
constexpr const char* kLegacyGzip = "it is zlib data without a gzip header; unpack it first (zlib-flate -uncompress)";

constexpr const char* kHtml = "it is an HTML page (a login or an error, perhaps), not the export; download it again";

constexpr const char* kPickle = "it is a Python pickle, which runs code when it is read; write it with json.dumps";
constexpr const char* kPicture = "it is a picture or a recording, not traffic";

struct Mark {
  std::string_view bytes;
  std::string_view why;
  std::size_t at = 0;
};
constexpr std::array kMarks{
    Mark{"version https://git-lfs.github.com/spec/"sv,
         "it is a Git LFS pointer, not the file; fetch it (git lfs pull)"},
    Mark{"PK\x05\x06"sv, "it is an empty ZIP archive"},
    Mark{"ustar"sv, "it is a tar archive; unpack it first (tar -xf FILE)", 257},
    Mark{"7z\xbc\xaf\x27\x1c"sv, "it is a 7z archive; unpack it first"},
    Mark{"Rar!\x1a\x07"sv, "it is a RAR archive; unpack it first"},
    Mark{"\x04\x22\x4d\x18"sv, "it is lz4 data; unpack it first (lz4 -dc FILE | flywheel load -)"},
    Mark{"\xff\x06\x00\x00sNaPpY"sv, "it is snappy data; unpack it first"},
    Mark{"\x78\x01"sv, kLegacyGzip},
    Mark{"\x78\x9c"sv, kLegacyGzip},
    Mark{"\x78\xda"sv, kLegacyGzip},
    Mark{"PAR1"sv, kParquet},
    Mark{"PARE"sv, "it is an encrypted Parquet file; export it as JSON lines"},
    Mark{"ARROW1"sv, "it is an Arrow file; export it as JSON lines"},
    Mark{"\xff\xff\xff\xff"sv, "it is an Arrow stream; export it as JSON lines"},
    Mark{"Obj\x01"sv, "it is an Avro file; export it as JSON lines (avro-tools tojson FILE)"},
    Mark{"ORC"sv, "it is an ORC file; export it as JSON lines"},
    Mark{"SQLite format 3\0"sv,
         "it is a SQLite database; export the table as JSON lines (sqlite3 -json FILE \"select ...\")"},
    Mark{"PGDMP"sv, "it is a PostgreSQL dump; export the table as JSON lines (copy (select row_to_json(t) ...))"},
    Mark{"\x89HDF"sv, "it is an HDF5 file; export it as JSON lines"},
    Mark{"\x93NUMPY"sv, "it is a NumPy array; export it as JSON lines"},
    Mark{"\x5d\0\0"sv, "it is LZMA data; unpack it first (xz -dc --format=lzma FILE | flywheel load -)"},
    Mark{"\x1f\x9d"sv, "it is compress data (.Z); unpack it first (zcat FILE | flywheel load -)"},
    Mark{"LZIP"sv, "it is lzip data; unpack it first (lzip -dc FILE | flywheel load -)"},
    Mark{"\x89LZO"sv, "it is lzop data; unpack it first (lzop -dc FILE | flywheel load -)"},
    Mark{"\x80\x03"sv, kPickle},
    Mark{"\x80\x04"sv, kPickle},
    Mark{"\x80\x05"sv, kPickle},
    Mark{"-----BEGIN PGP MESSAGE"sv, "it is encrypted; decrypt it first (gpg -d FILE | flywheel load -)"},
    Mark{"age-encryption.org/"sv, "it is encrypted; decrypt it first (age -d FILE | flywheel load -)"},
    Mark{"\x89PNG"sv, kPicture},
    Mark{"\xff\xd8\xff"sv, kPicture},
    Mark{"GIF8"sv, kPicture},
    Mark{"RIFF"sv, kPicture},
    Mark{"%PDF"sv, "it is a PDF file, not traffic"},
    Mark{"GGUF"sv, "it is a GGUF model, not traffic"},
    Mark{"\xff\xfe\0\0"sv, kUtf32},
    Mark{"\0\0\xfe\xff"sv, kUtf32},
    Mark{"\xff\xfe"sv, kUtf16},
    Mark{"\xfe\xff"sv, kUtf16},
};
constexpr std::size_t kTooFewToJudge = 512;
constexpr std::size_t kTooFewOfOtherText = 128;  // of what does not even begin like JSON

bool is_odd_in_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\x1e';
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// UTF-16 or UTF-32 without a mark: JSON begins with ASCII, whatever its texts are; of other ASCII every second byte,
/// or three of four, are zero.
const char* wide_text(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 64);
  const auto has_zeros_at = [&](std::size_t odd) {  // of the first four bytes, at these alone
    return head.size() >= 4 && head[odd] == '\0' && head[odd + 2] == '\0' && head[1 - odd] != '\0' &&
           head[3 - odd] != '\0';
  };
  const auto is_bracket = [](char c) { return c == '{' || c == '['; };
  if (has_zeros_at(1) && is_bracket(head[0])) return kUtf16Little;
  if (has_zeros_at(0) && is_bracket(head[1])) return kUtf16Big;
  if (head.size() < 8) return nullptr;
  std::array<std::size_t, 4> zeros{};
  for (std::size_t i = 0; i < head.size(); ++i) zeros[i % 4] += head[i] == '\0' ? 1 : 0;
  const std::size_t all = head.size() / 4;
  if (zeros[1] >= all && zeros[2] >= all && (zeros[0] == 0 || zeros[3] == 0)) {
    return zeros[0] == zeros[3] ? nullptr : kUtf32;
  }
  const bool is_little = zeros[1] >= all && zeros[3] >= all && zeros[0] + zeros[2] == 0;
  const bool is_big = zeros[0] >= all && zeros[2] >= all && zeros[1] + zeros[3] == 0;
  if (is_little) return kUtf16Little;
  return is_big ? kUtf16Big : nullptr;
}

/// What a ZIP archive is, by the names of its first members.
const char* kind_of_zip(std::string_view bytes) {
  if (bytes.find("xl/") != std::string_view::npos)
    return "it is an Excel workbook; export the sheet as CSV, and that as JSON lines (duckdb reads CSV)";
  if (bytes.find("[Content_Types].xml") != std::string_view::npos) return "it is an Office file, not traffic";
  if (bytes.find(".npy") != std::string_view::npos) return "it is a NumPy archive; export it as JSON lines";
  if (bytes.find("/data.pkl") != std::string_view::npos) return "it is a PyTorch checkpoint, not traffic";
  return "it is a ZIP archive; unpack it first (unzip -p FILE | flywheel load -)";
}

/// The kind of a text that does not begin like JSON.
const char* other_text(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n\xef\xbb\xbf"sv);
  if (begin == std::string_view::npos) return nullptr;
  const std::string head = lowered(text.substr(begin, 1024));
  const std::string line = head.substr(0, head.find_first_of("\r\n"));
  const bool may_be_json = head.front() == '{' || head.front() == '[';
  if (!may_be_json && head.find("<html") < 200) {
    return kHtml;
  }
  if (head.starts_with("<!doctype html")) return kHtml;
  for (const auto tag : {"<head", "<body", "<!-", "<title", "<center", "<h1", "<p>", "<div", "<script", "<meta"})
    if (head.starts_with(tag)) return kHtml;
  if (head.front() == '<' && head.find('>') != std::string::npos) return "it is XML, not JSON";
  const bool is_field = head.starts_with(':') || head.starts_with("id:") || head.starts_with("retry:");
  if (head.starts_with("data: {") || head.starts_with("data:{") || head.starts_with("event:") ||
      (is_field && head.find("\ndata:") != std::string::npos)) {
    return "it is a stream of server-sent events; only whole responses are read";
  }
  if (head.starts_with("{'") || head.starts_with("[{'")) {
    return "it is Python's notation with single quotes, not JSON; write it with json.dumps";
  }
  if (head.starts_with("---\n") || (head.starts_with("- ") && line.find(": ") < 40) ||
      (head.starts_with("- ") && line.ends_with(":")))
    return "it is YAML; convert it to JSON lines";
  const bool has_json = may_be_json || line.find('{') != std::string::npos;
  const bool has_names = line.find("id") != std::string::npos || line.find("prompt") != std::string::npos ||
                         line.find("input") != std::string::npos || line.find("time") != std::string::npos ||
                         line.find("request") != std::string::npos || line.find("message") != std::string::npos;
  if (!has_json && has_names && std::ranges::count(line, '\t') >= 1)
    return "it is tab-separated values (TSV); export it as JSON lines";
  if (!has_json && has_names && (std::ranges::count(line, ',') >= 1 || std::ranges::count(line, ';') >= 1)) {
    return "it is comma-separated values (CSV); export it as JSON lines";
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> why_not_json(std::string_view first_bytes) {
  if (first_bytes.starts_with("PK\x03\x04")) return kind_of_zip(first_bytes);
  for (const Mark& mark : kMarks) {
    if (first_bytes.size() > mark.at && first_bytes.substr(mark.at).starts_with(mark.bytes))
      return std::string(mark.why);
  }
  if (const char* wide = wide_text(first_bytes)) return wide;
  if (const char* other = other_text(first_bytes)) return other;
  // Zeros alone are the padding of a preallocated or rotated file; what follows them may be lines.
  const std::string_view bytes = first_bytes.substr(std::min(first_bytes.find_first_not_of('\0'), first_bytes.size()));
  // Noise has a tenth of such bytes; text has none, and a file with one broken line few.
  const auto odd = static_cast<std::size_t>(std::ranges::count_if(bytes, is_odd_in_text));
  const bool may_be_json = bytes.starts_with('{') || bytes.starts_with('[');
  if (bytes.size() >= (may_be_json ? kTooFewToJudge : kTooFewOfOtherText) && odd > bytes.size() / 32) {
    return "it is binary data, not JSON";
  }
  return std::nullopt;
}

}  // namespace fw::capture
