#include "modelfile/gguf.h"

#include <gtest/gtest.h>

#include "io/file.h"
#include "modelfile/tests/gguf_bytes.h"

namespace fw::modelfile {
namespace {

using testing::GgufBytes;
using testing::small_file;

Result<GgufHeader> parse(const std::string& bytes) { return parse_gguf_header(bytes, bytes.size()); }

Error error_of(const GgufBytes& file) {
  const auto header = parse(file.bytes());
  return header.ok() ? internal("it was taken") : header.error();
}

#define EXPECT_REFUSED(file, error_code, words)                           \
  do {                                                                    \
    const Error refusal = error_of(file);                                 \
    EXPECT_EQ(refusal.code, error_code) << refusal;                       \
    EXPECT_NE(refusal.message.find(words), std::string::npos) << refusal; \
  } while (false)

TEST(GgufReader, ReadsEveryKindOfValueAndTheTensorTable) {
  for (const std::uint32_t version : {2U, 3U}) {
    const auto header = parse(small_file(version));
    ASSERT_TRUE(header.ok()) << header.error();
    EXPECT_EQ(header->version, version);
    EXPECT_EQ(header->find("general.architecture")->as_string(), "llama");
    EXPECT_EQ(header->find("llama.block_count")->as_uint(), 2U);
    EXPECT_EQ(header->find("llama.rope.freq_base")->as_number(), 1.0);
    EXPECT_EQ(header->find("tokenizer.ggml.add_bos_token")->as_bool(), true);
    EXPECT_EQ(header->find("tokenizer.ggml.tokens")->count, 3U);
    EXPECT_EQ(header->find("llama.attention.head_count")->as_uints(), (std::vector<std::uint64_t>{3, 9}));
    EXPECT_EQ(header->find("llama.context_length"), nullptr);
    const GgufTensor* tensor = header->find_tensor("blk.0.attn_q.weight");
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->bytes, 34U);
    EXPECT_EQ(small_file().substr(header->data_offset + tensor->offset, tensor->bytes), std::string(34, 'q'));
  }
}

TEST(GgufReader, NamesTruncationAtEveryByte) {
  const std::string whole = small_file();
  for (std::size_t size = 4; size < whole.size(); ++size) {
    const auto header = parse(whole.substr(0, size));
    ASSERT_FALSE(header.ok()) << size;
    EXPECT_EQ(header.error().code, ErrorCode::kDataLoss) << size << " " << header.error();
    EXPECT_NE(header.error().message.find("again"), std::string::npos) << header.error();
  }
}

TEST(GgufReader, SurvivesEveryByteChanged) {
  const std::string whole = small_file();
  int taken = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char value : {'\0', '\1', '\x7f', '\x80', '\xff'}) {
      std::string changed = whole;
      changed[at] = value;
      if (const auto header = parse(changed); header.ok()) {
        ++taken;
        for (const GgufTensor& tensor : header->tensors) {
          EXPECT_LE(header->data_offset + tensor.offset + tensor.bytes, changed.size());
        }
      }
    }
  }
  EXPECT_GT(taken, 100);  // changes within names and values leave a right file
}

TEST(GgufReader, RefusesWhatIsNoGguf) {
  EXPECT_EQ(parse("PK\3\4 a zip file").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parse("").error().code, ErrorCode::kInvalidArgument);
  EXPECT_REFUSED(GgufBytes(1, 0, 0), ErrorCode::kUnimplemented, "version 1");
  EXPECT_REFUSED(GgufBytes(4, 0, 0), ErrorCode::kUnimplemented, "version 4");
  EXPECT_REFUSED(GgufBytes(0x03000000, 0, 0), ErrorCode::kUnimplemented, "big-endian");
}

TEST(GgufReader, RefusesCountsThatCannotBe) {
  EXPECT_REFUSED(GgufBytes(3, UINT64_MAX, 0), ErrorCode::kTooLarge, "tensors");
  EXPECT_REFUSED(GgufBytes(3, 0, UINT64_MAX), ErrorCode::kTooLarge, "metadata keys");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).u64(UINT64_MAX).raw("key"), ErrorCode::kDataLoss, "name of 18446744073709551615");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).text("k").u32(8).u64(UINT64_MAX), ErrorCode::kDataLoss, "string of");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).key_array("k", 10, UINT64_MAX / 4), ErrorCode::kDataLoss, "more than the file");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).key_array("k", 8, UINT64_MAX), ErrorCode::kDataLoss, "more than the file");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).key_array("k", 7, UINT64_MAX), ErrorCode::kDataLoss, "more than the file");
}

TEST(GgufReader, RefusesTypesThatDoNotExist) {
  EXPECT_REFUSED(GgufBytes(3, 0, 1).text("k").u32(13).u32(0), ErrorCode::kDataLoss, "unknown type 13");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).key_array("k", 77, 0), ErrorCode::kDataLoss, "unknown type 77");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).key_array("k", 9, 1), ErrorCode::kUnimplemented, "array of arrays");
  EXPECT_REFUSED(GgufBytes(3, 1, 0).tensor("t", 32, 31, 0), ErrorCode::kUnimplemented, "type 31");
}

TEST(GgufReader, RefusesShapesThatOverflow) {
  const auto shaped = [](std::uint64_t a, std::uint64_t b, std::uint32_t type) {
    return GgufBytes(3, 1, 0).text("t").u32(2).u64(a).u64(b).u32(type).u64(0).padded();
  };
  EXPECT_REFUSED(shaped(1ULL << 32, 1ULL << 32, 0), ErrorCode::kDataLoss, "too large");
  EXPECT_REFUSED(shaped(1ULL << 61, 1, 28), ErrorCode::kDataLoss, "too large");
  EXPECT_REFUSED(shaped(8, 0, 0), ErrorCode::kDataLoss, "empty");
  EXPECT_REFUSED(shaped(33, 1, 8), ErrorCode::kDataLoss, "whole blocks of Q8_0");
  EXPECT_REFUSED(GgufBytes(3, 1, 0).text("t").u32(5), ErrorCode::kDataLoss, "5 dimensions");
}

TEST(GgufReader, RefusesTensorsOutsideTheFileOrOverEachOther) {
  const auto two = [](std::uint64_t first, std::uint64_t second) {
    return GgufBytes(3, 2, 0).tensor("a", 16, 0, first).tensor("b", 16, 0, second).padded().raw(std::string(128, 'x'));
  };
  EXPECT_TRUE(parse(two(0, 64).bytes()).ok());
  EXPECT_TRUE(parse(two(64, 0).bytes()).ok());
  EXPECT_REFUSED(two(0, 96), ErrorCode::kDataLoss, "\"b\" lies beyond");
  EXPECT_REFUSED(two(0, UINT64_MAX - 31), ErrorCode::kDataLoss, "lies beyond");
  EXPECT_REFUSED(two(0, 32), ErrorCode::kDataLoss, "overlap");
  EXPECT_REFUSED(two(0, 65), ErrorCode::kDataLoss, "not aligned");
}

TEST(GgufReader, RefusesRepeatedNamesAndWrongAlignment) {
  EXPECT_REFUSED(GgufBytes(3, 0, 2).key_u32("k", 1).key_u32("k", 1), ErrorCode::kDataLoss, "\"k\" occurs twice");
  EXPECT_REFUSED(GgufBytes(3, 2, 0).tensor("t", 1, 0, 0).tensor("t", 1, 0, 32), ErrorCode::kDataLoss, "occurs twice");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).key_u32("general.alignment", 0), ErrorCode::kDataLoss, "power of two");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).key_u32("general.alignment", 48), ErrorCode::kDataLoss, "power of two");
  EXPECT_REFUSED(GgufBytes(3, 0, 1).key_text("general.alignment", "32"), ErrorCode::kDataLoss, "power of two");
}

TEST(GgufReader, ShowsNoControlCharactersOfTheFile) {
  const Error error = error_of(GgufBytes(3, 0, 2).key_u32("\x1b[31mred", 1).key_u32("\x1b[31mred", 1));
  EXPECT_EQ(error.message.find('\x1b'), std::string::npos) << error;
}

TEST(GgufFile, ErrorsNameTheFile) {
  const io::TemporaryFolder folder;
  const auto path = folder.path() / "half.gguf";
  ASSERT_TRUE(io::write_file_atomically(path, small_file().substr(0, 100)).ok());
  EXPECT_EQ(read_gguf_header(path).error().message.find(path.string() + " is truncated"), 0U);
  EXPECT_EQ(read_gguf_header(folder.path() / "none").error().code, ErrorCode::kNotFound);
}

TEST(GgufFile, ReadsAHeaderLargerThanTheFirstRead) {
  const io::TemporaryFolder folder;
  const std::string big(20U << 20, 'x');
  GgufHeader header;
  header.set("general.architecture", GgufValue::string("llama"));
  header.set("big", GgufValue::string(big));
  ASSERT_TRUE(write_gguf(folder.path() / "a", header, {}).ok());
  const auto back = read_gguf_header(folder.path() / "a");
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(back->metadata, header.metadata);
}

GgufTensorSource letters() {
  return [](const GgufTensor& tensor, const auto& sink) { return sink(std::string(tensor.bytes, tensor.name[0])); };
}

TEST(GgufWriter, WritesWhatTheReaderReads) {
  const io::TemporaryFolder folder;
  GgufHeader header{.alignment = 64};
  const std::vector<std::string> words{"x", "", "long word"};
  const std::vector<std::uint32_t> numbers{1, 2};
  header.set("general.architecture", GgufValue::string("llama"));
  header.set("words", GgufValue::strings(words));
  header.set("numbers", GgufValue::u32s(numbers));
  header.set("flag", GgufValue::boolean(true));
  header.tensors = {{"a", 0, {3, 5}}, {"b", 8, {64}}};
  ASSERT_TRUE(write_gguf(folder.path() / "a", header, letters()).ok());
  const auto back = read_gguf_header(folder.path() / "a");
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(back->alignment, 64U);
  EXPECT_EQ(back->find("words")->bytes, GgufValue::strings(words).bytes);
  EXPECT_EQ(back->find("flag")->as_bool(), true);
  const std::string bytes = *io::read_file(folder.path() / "a");
  EXPECT_EQ(bytes.substr(back->data_offset + back->find_tensor("b")->offset, 68), std::string(68, 'b'));
}

TEST(GgufWriter, LeavesNothingWhenTheSourceFailsOrIsShort) {
  const io::TemporaryFolder folder;
  GgufHeader header;
  header.tensors = {{"a", 0, {3}}};
  const auto failing = [](const GgufTensor&, const auto&) -> Status { return unavailable("gone"); };
  const auto brief = [](const GgufTensor&, const auto& sink) { return sink("1"); };
  EXPECT_EQ(write_gguf(folder.path() / "a", header, failing).error().message, "gone");
  EXPECT_FALSE(write_gguf(folder.path() / "a", header, brief).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(GgufWriter, RefusesWhatNoReaderWouldTake) {
  const io::TemporaryFolder folder;
  GgufHeader header;
  header.tensors = {{"a", 8, {33}}};
  EXPECT_EQ(write_gguf(folder.path() / "a", header, letters()).error().code, ErrorCode::kInvalidArgument);
  header.tensors = {{"a", 0, {1}}, {"a", 0, {1}}};
  EXPECT_EQ(write_gguf(folder.path() / "a", header, letters()).error().code, ErrorCode::kInvalidArgument);
}

TEST(GgufValue, SelectsElementsOfArraysOfAnyKind) {
  const std::vector<std::string> words{"x", "", "long"};
  const std::vector<std::uint64_t> last_and_first{2, 0};
  const std::vector<std::string> expected{"long", "x"};
  EXPECT_EQ(*GgufValue::strings(words).select(last_and_first), GgufValue::strings(expected));
  EXPECT_EQ(GgufValue::strings(expected).select(last_and_first), std::nullopt);
  EXPECT_EQ(GgufValue::u32(5).select(last_and_first), std::nullopt);
}

}  // namespace
}  // namespace fw::modelfile
