#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/file.h"
#include "modelfile/trainable.h"
#include "trainer/families/family.h"
#include "trainer/tests/tiny_gguf.h"
#include "trainer/tests/tiny_model.h"
#include "trainer/weights/gguf_names.h"
#include "trainer/weights/weight_source.h"

namespace fw::trainer {
namespace {

// Sizes that whole blocks of every quantisation fill.
ModelConfig wide_config() {
  auto config = TinyModel::config();
  config.hidden = 256;
  config.feed_forward = 512;
  config.head_dim = 64;
  config.layers = 1;
  config.tied = false;
  return config;
}

Result<ModelWeights> load(const std::filesystem::path& path, std::vector<int> keep = {}) {
  FW_ASSIGN(const auto source, open_weights(path));
  return load_weights(*source, keep);
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

class GgufWeights : public testing::Test {
 protected:
  io::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "model.gguf";
  ModelWeights weights_ = TinyModel::make(TinyModel::config(), 3);
};

TEST_F(GgufWeights, AreThoseThatWereWrittenWithRowsOfQueryAndKeyBackInHalves) {
  write_gguf_model(weights_, file_);
  const auto loaded = load(file_);
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  EXPECT_TRUE(loaded->config.tied);
  const auto expected = weights_.parameters(), actual = loaded->parameters();
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(difference(expected[i], actual[i]), 0) << i;
}

TEST_F(GgufWeights, OfEveryDequantisableTypeAreNearTheOriginals) {
  weights_ = TinyModel::make(wide_config(), 3);
  const double largest = weights_.layers[0].gate_up.abs().max().item<double>();
  std::size_t read = 0;
  for (int type = 0; type < GGML_TYPE_COUNT; ++type) {
    const auto* traits = ggml_get_type_traits(static_cast<ggml_type>(type));
    if (traits->to_float == nullptr || traits->blck_size == 0 || 256 % traits->blck_size != 0) continue;
    // These need statistics of activations, which a random model does not have.
    if (ggml_quantize_requires_imatrix(static_cast<ggml_type>(type))) continue;
    if (traits->from_float_ref == nullptr && type != GGML_TYPE_F16 && type != GGML_TYPE_BF16) continue;
    if (type == GGML_TYPE_Q8_1 || type == GGML_TYPE_Q8_K) continue;  // of activations, never in files
    write_gguf_model(weights_, file_, static_cast<ggml_type>(type));
    const auto loaded = load(file_);
    ASSERT_TRUE(loaded.ok()) << ggml_type_name(static_cast<ggml_type>(type)) << ": " << loaded.error();
    const double bits = 8.0 * static_cast<double>(traits->type_size) / static_cast<double>(traits->blck_size);
    EXPECT_LE(difference(loaded->layers[0].gate_up, weights_.layers[0].gate_up), largest * (bits > 5   ? 0.1
                                                                                            : bits > 4 ? 0.3
                                                                                                       : 1.0))
        << ggml_type_name(static_cast<ggml_type>(type));
    EXPECT_LE((loaded->layers[0].qkv - weights_.layers[0].qkv).pow(2).mean().item<double>(),
              (bits > 4 ? 0.03 : 0.5) * weights_.layers[0].qkv.pow(2).mean().item<double>());
    ++read;
  }
  EXPECT_GE(read, 12U);
}

TEST_F(GgufWeights, KeepTheLayersThatAreAskedFor) {
  write_gguf_model(weights_, file_);
  const auto loaded = load(file_, {0, 2});
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  EXPECT_EQ(loaded->config.layers, 2);
  EXPECT_EQ(difference(loaded->layers[1].down, weights_.layers[2].down), 0);
  for (const auto& bad : {std::vector<int>{2, 1}, {0, 3}, {-1}, {1, 1}}) EXPECT_FALSE(load(file_, bad).ok());
}

TEST_F(GgufWeights, OfAModelInSeveralFilesAreReadWhole) {
  write_gguf_model(weights_, file_);
  const auto first = split_gguf_model(file_, folder_.path() / "parts", 7);
  const auto loaded = load(first), whole = load(file_);
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  const auto expected = whole->parameters(), actual = loaded->parameters();
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(difference(expected[i], actual[i]), 0) << i;
  std::filesystem::remove(folder_.path() / "parts-00002-of-00005.gguf");
  EXPECT_NE(load(first).error().message.find("parts-00002-of-00005.gguf"), std::string::npos);
}

TEST_F(GgufWeights, WithValuesThatAreNoNumbersAreRefusedByName) {
  weights_.layers[1].down[3][4] = std::nanf("");
  write_gguf_model(weights_, file_);
  EXPECT_NE(load(file_).error().message.find("model.layers.1.mlp.down_proj.weight"), std::string::npos)
      << load(file_).error();
}

// What llama.cpp makes of these keys is what is served.
TEST_F(GgufWeights, StretchPositionsAsTheEngineDoes) {
  const auto rope = [&](const std::function<void(gguf_context*)>& edit) {
    write_gguf_model(weights_, file_, GGML_TYPE_F32, edit);
    const auto source = open_weights(file_);
    EXPECT_TRUE(source.ok()) << source.error();
    return rope_frequencies((*source)->config());
  };
  const auto plain = rope({});
  EXPECT_EQ(plain.attention_factor, 1);
  // A factor without a type, under either name, is linear.
  for (const char* key : {"llama.rope.scaling.factor", "llama.rope.scale_linear"}) {
    const auto linear = rope([&](gguf_context* gguf) { gguf_set_val_f32(gguf, key, 4); });
    EXPECT_DOUBLE_EQ(linear.inverse[1], plain.inverse[1] / 4) << key;
  }
  const auto none = rope([](gguf_context* gguf) {
    gguf_set_val_str(gguf, "llama.rope.scaling.type", "none");
    gguf_set_val_f32(gguf, "llama.rope.scaling.factor", 4);
  });
  EXPECT_EQ(none.inverse, plain.inverse);
  const auto scaled = rope([](gguf_context* gguf) { gguf_set_val_f32(gguf, "llama.rope.scaling.attn_factor", 1.5); });
  EXPECT_DOUBLE_EQ(scaled.attention_factor, 1.5);
  const auto yarn = rope([](gguf_context* gguf) {
    gguf_set_val_str(gguf, "llama.rope.scaling.type", "yarn");
    gguf_set_val_f32(gguf, "llama.rope.scaling.factor", 4);
    gguf_set_val_f32(gguf, "llama.rope.scaling.attn_factor", 1.5);
  });
  EXPECT_NEAR(yarn.attention_factor, 1.5 * (0.1 * std::log(4.0) + 1), 1e-6);
}

TEST_F(GgufWeights, WithARotationThatIsNotDoneAreRefused) {
  for (const char* key : {"llama.rope.dimension_count", "llama.attention.value_length"}) {
    write_gguf_model(weights_, file_, GGML_TYPE_F32, [&](gguf_context* gguf) { gguf_set_val_u32(gguf, key, 4); });
    EXPECT_EQ(load(file_).error().code, ErrorCode::kUnimplemented) << key;
  }
  write_gguf_model(weights_, file_, GGML_TYPE_F32,
                   [](gguf_context* gguf) { gguf_set_val_f32(gguf, "llama.rope.scaling.yarn_beta_fast", 16); });
  EXPECT_NE(load(file_).error().message.find("yarn_beta_fast"), std::string::npos);
}

TEST_F(GgufWeights, OfATruncatedFileAreRefused) {
  write_gguf_model(weights_, file_);
  const auto whole = io::read_file(file_);
  ASSERT_TRUE(whole.ok());
  for (std::size_t size = 0; size < whole->size(); size += 1 + whole->size() / 150) {
    ASSERT_TRUE(io::write_file_atomically(file_, whole->substr(0, size)).ok());
    const auto loaded = load(file_);
    ASSERT_FALSE(loaded.ok()) << size;
    EXPECT_NE(loaded.error().message.find("model.gguf"), std::string::npos) << loaded.error();
  }
}

TEST_F(GgufWeights, WithDamagedHeadersNeverCrash) {
  write_gguf_model(weights_, file_);
  const auto whole = io::read_file(file_).value();
  Random random(4);
  for (int round = 0; round < 300; ++round) {
    auto bytes = whole;
    for (int flips = 0; flips < 4; ++flips) bytes[8 + random.below(1500)] = static_cast<char>(random.below(256));
    ASSERT_TRUE(io::write_file_atomically(file_, bytes).ok());
    static_cast<void>(load(file_));
  }
}

TEST_F(GgufWeights, OfAnotherArchitectureAreRefusedByName) {
  write_gguf_model(weights_, file_, GGML_TYPE_F32,
                   [](gguf_context* gguf) { gguf_set_val_str(gguf, "general.architecture", "mamba"); });
  const auto loaded = load(file_);
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().message.find("mamba"), std::string::npos);
}

TEST_F(GgufWeights, WithSizesThatCannotBeAreRefused) {
  for (const char* key :
       {"llama.block_count", "llama.attention.head_count", "llama.embedding_length", "llama.attention.key_length"})
    for (const std::uint32_t value : {0U, 3U, 4'000'000'000U}) {
      write_gguf_model(weights_, file_, GGML_TYPE_F32, [&](gguf_context* gguf) { gguf_set_val_u32(gguf, key, value); });
      if (std::string(key) == "llama.block_count" && value == 3) continue;
      EXPECT_FALSE(load(file_).ok()) << key << " " << value;
    }
}

TEST(OpenWeights, NamesWhatIsNotThere) {
  const auto source = open_weights("/nowhere/model.gguf");
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().code, ErrorCode::kNotFound);
}

TEST(HuggingFaceConfig, RefusesWhatItCannotTrainWithAReason) {
  const auto message = [](const std::string& json) { return parse_hugging_face_config(json).error().message; };
  EXPECT_NE(message(R"({"model_type":"bert"})").find("bert"), std::string::npos);
  EXPECT_NE(message("[").find("no JSON object"), std::string::npos);
  EXPECT_NE(message(R"({"model_type":"llama","hidden_size":"big"})").find("hidden_size"), std::string::npos);
  const std::string sizes =
      R"("vocab_size":10,"hidden_size":8,"intermediate_size":8,"num_hidden_layers":1,"num_attention_heads":2)";
  EXPECT_NE(message(R"({"model_type":"llama",)" + sizes + R"(,"rope_scaling":{"type":"dynamic","factor":2}})")
                .find("dynamic"),
            std::string::npos);
  EXPECT_NE(message(R"({"model_type":"llama",)" + sizes + R"(,"num_key_value_heads":3})").find("multiple"),
            std::string::npos);
}

TEST(HuggingFaceConfig, TakesAWindowForAllLayersSomeOrNone) {
  const std::string qwen =
      R"({"model_type":"qwen2","vocab_size":10,"hidden_size":8,"intermediate_size":8,"num_hidden_layers":4,)"
      R"("num_attention_heads":2,"use_sliding_window":true,"sliding_window":16,)";
  EXPECT_EQ(parse_hugging_face_config(qwen + R"("max_window_layers":4})")->sliding_window, 0);
  EXPECT_EQ(parse_hugging_face_config(qwen + R"("max_window_layers":0})")->sliding_window, 16);
  EXPECT_EQ(parse_hugging_face_config(qwen.substr(0, qwen.size() - 1) + "}")->sliding_window, 0);  // 28 by default
  const auto mixed = parse_hugging_face_config(qwen + R"("max_window_layers":3})");
  ASSERT_TRUE(mixed.ok()) << mixed.error();
  EXPECT_FALSE(mixed->kind(2).is_windowed);
  EXPECT_TRUE(mixed->kind(3).is_windowed);
}

TEST(HuggingFaceConfig, TakesPartOfAHeadToRotateWhereFilesCanSayIt) {
  const std::string sizes =
      R"("vocab_size":10,"hidden_size":16,"intermediate_size":8,"num_hidden_layers":4,"num_attention_heads":2,)"
      R"("partial_rotary_factor":0.5})";
  EXPECT_EQ(parse_hugging_face_config(R"({"model_type":"phi3",)" + sizes)->rotary_size(), 4);
  EXPECT_EQ(parse_hugging_face_config(R"({"model_type":"llama",)" + sizes).error().code, ErrorCode::kUnimplemented);
}

TEST(Families, AreThoseThatTheRestOfTheProductKnows) {
  std::vector<std::string_view> ours;
  for (const auto& family : families()) ours.push_back(family.architecture);
  const auto known = modelfile::trainable_architectures();
  EXPECT_EQ(ours, std::vector<std::string_view>(known.begin(), known.end()));
  for (const auto& family : families())
    for (const auto& type : family.model_types)
      EXPECT_EQ(modelfile::architecture_of_model_type(type), family.architecture);
  EXPECT_EQ(modelfile::architecture_of_model_type("bert"), "");
  EXPECT_NE(parse_hugging_face_config(R"({"model_type":"bert"})").error().message.find("gemma2"), std::string::npos);
}

TEST(GgufNames, RowsGoToPairsAndBack) {
  const std::vector<float> halves{0, 1, 2, 3, 4, 5, 6, 7};  // two heads of four rows, one wide
  std::vector<float> pairs(8), back(8);
  rows_to_pairs(halves, 2, 1, pairs);
  EXPECT_EQ(pairs, (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}));
  rows_to_halves(pairs, 2, 1, back);
  EXPECT_EQ(back, halves);
}

}  // namespace
}  // namespace fw::trainer
