#include "modelfile/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "io/file.h"

namespace fw::modelfile {
namespace {

std::string with_header(std::string json, std::size_t data_bytes) {
  const std::uint64_t length = json.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + json + std::string(data_bytes, '\0');
}

Result<SafetensorsHeader> parse(const std::string& file) { return parse_safetensors_header(file, file.size()); }

std::string one_tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const float values[] = {1.5F, -2.0F, 0.25F};
  const TensorToWrite tensor{"w", ElementType::kF32, {3, 1}, {reinterpret_cast<const char*>(values), sizeof values}};
  io::TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  ASSERT_TRUE(io::write_file_atomically(path, make_safetensors({&tensor, 1}, {{"format", "pt"}})).ok());
  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.error();
  EXPECT_EQ(file->header().metadata.at("format"), "pt");
  const auto* entry = file->find("w");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->shape, (std::vector<std::int64_t>{3, 1}));
  std::vector<float> read(3);
  ASSERT_TRUE(file->read_floats(*entry, read).ok());
  EXPECT_EQ(read, (std::vector<float>{1.5F, -2.0F, 0.25F}));
}

TEST(Safetensors, ConvertsHalfAndBrainFloats) {
  const std::uint16_t half[] = {0x3c00, 0xc000, 0x0001, 0x7c00};  // 1, -2, smallest subnormal, infinity
  const std::uint16_t brain[] = {0x3f80, 0xc000};                 // 1, -2
  const TensorToWrite tensors[] = {{"h", ElementType::kF16, {4}, {reinterpret_cast<const char*>(half), 8}},
                                   {"b", ElementType::kBF16, {2}, {reinterpret_cast<const char*>(brain), 4}}};
  io::TemporaryFolder folder;
  ASSERT_TRUE(io::write_file_atomically(folder.path() / "w", make_safetensors(tensors)).ok());
  const auto file = SafetensorsFile::open(folder.path() / "w");
  ASSERT_TRUE(file.ok()) << file.error();
  std::vector<float> h(4), b(2);
  ASSERT_TRUE(file->read_floats(*file->find("h"), h).ok());
  ASSERT_TRUE(file->read_floats(*file->find("b"), b).ok());
  EXPECT_EQ(h, (std::vector<float>{1, -2, 0x1p-24F, INFINITY}));
  EXPECT_EQ(b, (std::vector<float>{1, -2}));
}

TEST(Safetensors, ATensorWithoutElementsHasNoFloats) {
  const TensorToWrite tensor{"w", ElementType::kF32, {0, 4}, {}};
  io::TemporaryFolder folder;
  ASSERT_TRUE(io::write_file_atomically(folder.path() / "w", make_safetensors({&tensor, 1})).ok());
  const auto file = SafetensorsFile::open(folder.path() / "w");
  ASSERT_TRUE(file.ok()) << file.error();
  EXPECT_TRUE(file->read_floats(*file->find("w"), {}).ok());
}

TEST(Safetensors, RefusesAHeaderLengthBeyondTheFile) {
  std::string file = with_header("{}", 0);
  const std::uint64_t huge = UINT64_MAX;
  std::memcpy(file.data(), &huge, 8);
  EXPECT_EQ(parse(file).error().code, ErrorCode::kTooLarge);
  const std::uint64_t cut = 100;
  std::memcpy(file.data(), &cut, 8);
  EXPECT_EQ(parse(file).error().code, ErrorCode::kDataLoss);
}

TEST(Safetensors, RefusesATruncatedFile) {
  const auto whole = with_header(one_tensor("F32", "[2]", "[0,8]"), 8);
  EXPECT_TRUE(parse(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.substr(0, size)).ok()) << size;
}

TEST(Safetensors, RefusesShapesThatOverflowOrDoNotFit) {
  EXPECT_FALSE(parse(with_header(one_tensor("F32", "[4611686018427387904,4]", "[0,0]"), 0)).ok());
  EXPECT_FALSE(parse(with_header(one_tensor("F32", "[-1]", "[0,4]"), 4)).ok());
  EXPECT_FALSE(parse(with_header(one_tensor("F32", "[2]", "[0,4]"), 4)).ok());
  EXPECT_FALSE(parse(with_header(one_tensor("F32", "[1]", "[4,0]"), 4)).ok());
  EXPECT_FALSE(parse(with_header(one_tensor("F32", "[1.5]", "[0,4]"), 4)).ok());
}

TEST(Safetensors, RefusesGapsOverlapsAndTensorsOfOneName) {
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  EXPECT_FALSE(parse(with_header("{" + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})", 6)).ok());
  EXPECT_FALSE(parse(with_header("{" + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}})", 10)).ok());
  EXPECT_FALSE(parse(with_header("{" + a + R"(,"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})", 8)).ok());
}

TEST(Safetensors, NamesAnUnknownElementType) {
  const auto header = parse(with_header(one_tensor("F8_E4M3", "[4]", "[0,4]"), 4));
  EXPECT_EQ(header.error().code, ErrorCode::kUnimplemented);
  EXPECT_NE(header.error().message.find("F8_E4M3"), std::string::npos);
}

TEST(Safetensors, RefusesDeeplyNestedJson) {
  EXPECT_FALSE(
      parse(with_header(R"({"w":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}", 0)).ok());
}

}  // namespace
}  // namespace fw::modelfile
