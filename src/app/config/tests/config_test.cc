#include "app/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "io/file.h"

namespace fw::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Result<Config> parse(const std::string& text, const Environment& environment = [](const std::string&) { return ""; }) {
  return parse_config(text, "config.yaml", "/models", environment);
}

std::string error_of(const std::string& text) {
  const auto config = parse(text);
  return config.ok() ? "(no error)" : config.error().message;
}

constexpr const char* kCandidate = "nims:\n  - model_name: small\n    path: small.gguf\n";

TEST(ConfigListeners, OnePortForTwoIsAMistake) {
  EXPECT_THAT(error_of("server: {port: 18311}\ngateway: {upstream: \"http://u.test/v1\", port: 18311}\n"),
              AllOf(HasSubstr("gateway.port"), HasSubstr("server.port too")));
  EXPECT_THAT(error_of("elasticsearch: {port: 18312, listen: 0.0.0.0, insecure: true}\notlp: {port: 18312}\n"),
              HasSubstr("otlp.port"));
  EXPECT_EQ(error_of(std::string(kCandidate) + "elasticsearch: {port: 18312}\notlp: {port: 18312, enabled: false}\n"),
            "(no error)");
  EXPECT_EQ(error_of(std::string(kCandidate) + "elasticsearch: {port: 0}\notlp: {port: 0}\n"), "(no error)");
}

TEST(ConfigListeners, TheirFilesLieBesideTheConfiguration) {
  const auto config = parse(std::string(kCandidate) + "otlp: {tls_certificate: c.pem, tls_key: /keys/k.pem}\n");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_EQ(config->otlp.listener.tls_certificate, "/models/c.pem");
  EXPECT_EQ(config->otlp.listener.tls_key, "/keys/k.pem");
}

TEST(ConfigNumbers, BelowZeroIsOutOfRange) {
  EXPECT_THAT(error_of("data_split_config: {eval_size: -1}\n"), HasSubstr("-1 is out of range; it must be at least 1"));
}

TEST(ConfigHeaders, ALineBreakInAValueIsAMistake) {
  EXPECT_THAT(error_of("nims:\n  - {model_name: m, url: \"http://m.test/v1\", headers: {X: \"a\\nb\"}}\n"),
              HasSubstr("holds a line break"));
}

// The keys that the blueprint's shipped file sets, every one.
constexpr const char* kBlueprint = R"(
nmp_config:
  nemo_base_url: "http://nemo.test"
  nim_base_url: "http://nim.test"
  datastore_base_url: "http://data-store.test"
  nmp_namespace: "dfwbp"
logging_config:
  level: "INFO"
mlflow_config:
  enabled: false
  tracking_uri: "http://0.0.0.0:5000"
  experiment_name_prefix: "data-flywheel"
  artifact_location: "./mlruns"
llm_judge_config:
  deployment_type: "remote"
  url: "https://judge.test/v1/chat/completions"
  model_name: "meta/llama-3.3-70b-instruct"
nims:
  - model_name: "meta/llama-3.2-1b-instruct"
    model_type: "llm"
    context_length: 8192
    gpus: 1
    pvc_size: 25Gi
    tag: "1.8.3"
    registry_base: "nvcr.io/nim"
    customization_enabled: true
    customizer_configs:
      target: "meta/llama-3.2-1b-instruct@2.0"
      gpus: 1
      num_nodes: 1
      tensor_parallel_size: 1
      data_parallel_size: 1
      use_sequence_parallel: false
      micro_batch_size: 1
      training_precision: "bf16-mixed"
      max_seq_length: 2048
data_split_config:
  eval_size: 100
  val_ratio: 0.1
  min_total_records: 50
  random_seed: null
  limit: 1000
  parse_function_arguments: true
icl_config:
  max_context_length: 32768
  reserved_tokens: 4096
  max_examples: 3
  min_examples: 1
  example_selection: "semantic_similarity"
  similarity_config:
    relevance_ratio: 0.7
    embedding_nim_config:
      deployment_type: "local"
      model_name: "nvidia/llama-3.2-nv-embedqa-1b-v2"
      context_length: 32768
training_config:
  training_type: "sft"
  finetuning_type: "lora"
  epochs: 2
  batch_size: 16
  learning_rate: 0.0001
lora_config:
  adapter_dim: 32
  adapter_dropout: 0.1
)";

TEST(Config, ReadsTheBlueprintsFileUnchanged) {
  const auto config = parse(kBlueprint);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->run.split.eval_size, 100U);
  EXPECT_EQ(config->run.split.limit, 1000U);
  EXPECT_EQ(config->run.training.adapter_dim, 32);
  ASSERT_EQ(config->run.candidates.size(), 1U);
  EXPECT_EQ(config->run.candidates[0].training.max_seq_length, 2048);
  EXPECT_EQ(config->run.candidates[0].model.endpoint->url, "http://nim.test");
  EXPECT_EQ(config->run.judge->endpoint.url, "https://judge.test/v1/chat/completions");
}

TEST(Config, NamesEveryBlueprintKeyThatHasNoEffectWithItsLine) {
  const auto config = parse(kBlueprint);
  ASSERT_TRUE(config.ok());
  for (const char* key : {"nmp_config.nemo_base_url", "nims[0].pvc_size", "nims[0].customizer_configs.micro_batch_size",
                          "embedding_nim_config.deployment_type", "mlflow_config.tracking_uri"}) {
    EXPECT_THAT(config->warnings, Contains(AllOf(HasSubstr(key), HasSubstr("has no effect")))) << key;
  }
  EXPECT_THAT(config->warnings.front(), HasSubstr("config.yaml:3: nmp_config.nemo_base_url"));
}

TEST(Config, ExamplesAreChosenByTheWordsOrByAnEmbeddingModelThatIsServed) {
  const auto of = [](const std::string& icl) {
    return parse(std::string(kCandidate) + "icl_config: {example_selection: semantic_similarity" + icl + "}\n");
  };
  const auto words = of("");
  ASSERT_TRUE(words.ok()) << words.error().message;
  EXPECT_EQ(words->run.icl.selection, dataset::ExampleSelection::kSimilar);
  EXPECT_FALSE(words->run.icl.embedding);
  EXPECT_EQ(parse(kBlueprint)->run.icl.embedding, std::nullopt) << "a container that nobody starts";

  const std::string served =
      ", similarity_config: {relevance_ratio: 0.5, embedding_nim_config: {url: \"http://e.test/v1\", model_name: e}}";
  const auto vectors = of(served);
  ASSERT_TRUE(vectors.ok()) << vectors.error().message;
  EXPECT_EQ(vectors->run.icl.relevance_ratio, 0.5);
  EXPECT_EQ(vectors->run.icl.embedding->endpoint->url, "http://e.test/v1");
  EXPECT_EQ(vectors->run.icl.embedding->name, "e");

  const auto unused = parse(std::string(kCandidate) + "icl_config: {max_examples: 3" + served + "}\n");
  EXPECT_THAT(unused->warnings, Contains(HasSubstr("similarity_config")));
  EXPECT_FALSE(unused->run.icl.embedding);
  EXPECT_THAT(error_of(std::string(kCandidate) + "icl_config: {example_selection: semantic_similarity, "
                                                 "similarity_config: {embedding_nim_config: {model_name: e}}}\n"),
              HasSubstr("needs the url"));
}

TEST(Config, AnEmbeddingModelWithAPathIsServedHere) {
  const auto of = [](const std::string& keys) {
    return std::string(kCandidate) +
           "icl_config: {example_selection: semantic_similarity, similarity_config: {embedding_nim_config: {" + keys +
           "}}}\n";
  };
  const auto config = parse(of("path: models/minilm.gguf"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto& model = config->run.icl.embedding.value();
  EXPECT_TRUE(model.is_local());
  EXPECT_THAT(model.path.string(), AllOf(testing::StartsWith("/"), testing::EndsWith("/models/minilm.gguf")));
  EXPECT_EQ(model.name, "minilm");
  EXPECT_EQ(model.context_length, 2048);
  EXPECT_THAT(config->warnings, Not(Contains(HasSubstr("icl_config"))));

  const auto named = parse(of("path: m.gguf, model_name: e, context_length: 256, headers: {a: b}"));
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_EQ(named->run.icl.embedding->name, "e");
  EXPECT_EQ(named->run.icl.embedding->context_length, 256);
  EXPECT_THAT(named->warnings, Contains(AllOf(HasSubstr("headers"), HasSubstr("served on this machine"))));

  EXPECT_THAT(error_of(of("path: m.gguf, url: \"http://e.test/v1\"")), HasSubstr("exclude each other"));
  EXPECT_THAT(error_of(of("path: m.gguf, deployment_type: remote")), HasSubstr("give its url instead"));
}

TEST(Config, TrainsInFp32OnlyWhereItIsToldTo) {
  const auto with = [](const std::string& precision) {
    std::string text = kBlueprint;
    const std::string given = "training_precision: \"bf16-mixed\"";
    return parse(text.replace(text.find(given), given.size(), "training_precision: " + precision));
  };
  const auto precision_of = [&](const char* name) { return with(name)->run.candidates.at(0).training.precision; };
  EXPECT_EQ(precision_of("bf16-mixed"), modelops::TrainingPrecision::kFastest);
  EXPECT_EQ(precision_of("fp32"), modelops::TrainingPrecision::kFp32);
  EXPECT_EQ(precision_of("32"), modelops::TrainingPrecision::kFp32);
  EXPECT_THAT(with("fp8")->warnings, Contains(HasSubstr("training_precision: is not done here")));
  EXPECT_FALSE(with("fast").ok());
}

TEST(Config, TheTypeThatModelsAreServedInIsTheProcessorsUnlessItIsNamed) {
  const auto with = [](const std::string& engines) {
    return parse("nims: [{model_name: a, path: a.gguf}]\n" + engines);
  };
  EXPECT_EQ(with("")->engines.serving_type, "");
  EXPECT_EQ(with("engines: {serving_type: auto}\n")->engines.serving_type, "");
  EXPECT_EQ(with("engines: {serving_type: BF16}\n")->engines.serving_type, "BF16");
  EXPECT_THAT(with("engines: {serving_type: Q2_K}\n").error().message, HasSubstr("Q8_0"));
}

TEST(Config, AnUnknownKeyNamesFileLineKeyAndTheNearestKnownOne) {
  EXPECT_EQ(error_of(std::string(kCandidate) + "data_split_config:\n  evalsize: 3\n"),
            "config.yaml:5: data_split_config.evalsize: unknown key; did you mean \"eval_size\"?");
  EXPECT_THAT(error_of(std::string(kCandidate) + "webhooks: [{url: 'http://h/x', secret: abc}]\n"),
              HasSubstr("secret: unknown key; did you mean \"secret_env\"?"));
}

TEST(Config, OnePassFindsEveryMistakeInLineOrder) {
  const std::string message =
      error_of("training_config:\n  epochs: many\n  batch_size: 0\nlora_config:\n  adapter_dim: \"8\"\n" +
               std::string(kCandidate));
  EXPECT_EQ(message,
            "config.yaml:2: training_config.epochs: expected a whole number instead of \"many\"\n"
            "config.yaml:3: training_config.batch_size: 0 is out of range; it must be at least 1\n"
            "config.yaml:5: lora_config.adapter_dim: expected a whole number instead of \"8\"");
}

TEST(Config, RefusesARepeatedKeyThatWouldSilentlyWin) {
  EXPECT_THAT(error_of(std::string(kCandidate) + "lora_config:\n  alpha: 1\n  alpha: 2\n"),
              HasSubstr("config.yaml:6: lora_config.alpha: stands here a second time"));
}

TEST(Config, BrokenYamlNamesItsLine) {
  EXPECT_THAT(error_of("nims:\n  - [\n"), HasSubstr("config.yaml:3: not valid YAML"));
  EXPECT_THAT(error_of("nims:\n\t- model_name: m\n"),
              HasSubstr("config.yaml:2: not valid YAML: a tab in the indentation"));
}

TEST(Config, ANullLimitMeansNoLimitAndSeedZeroIsASeed) {
  const auto config = parse(std::string(kCandidate) + "data_split_config: {limit: null, random_seed: 0}\n");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->run.split.limit, std::nullopt);
  EXPECT_EQ(config->run.split.random_seed, 0U);
}

TEST(Config, TakesModelPathsFromTheFilesFolder) {
  const auto config = parse("nims:\n  - {model_name: a, path: x/a.gguf, keep_layers: \"0-2, 5\"}\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->run.candidates[0].model.path, "/models/x/a.gguf");
  EXPECT_THAT(config->run.candidates[0].model.keep_layers, ElementsAre(0, 1, 2, 5));
}

TEST(Config, SaysHowACandidatesConversationsAreRendered) {
  const auto config = parse(
      "nims:\n  - {model_name: a, path: x/a.gguf, chat_template: x/a.jinja, enable_thinking: true}\n"
      "  - {model_name: b, path: b.gguf}\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto& candidates = config->run.candidates;
  EXPECT_EQ(candidates[0].model.chat.template_file, "/models/x/a.jinja");
  EXPECT_TRUE(candidates[0].model.chat.enable_thinking);
  EXPECT_EQ(candidates[1].model.chat.template_file, "");
  EXPECT_FALSE(candidates[1].model.chat.enable_thinking);
  EXPECT_THAT(error_of("nims:\n  - {model_name: a, url: \"http://a/v1\", chat_template: a.jinja}\n"),
              HasSubstr("nims[0].chat_template: is for a model with a path"));
}

TEST(Config, LayersThatFallOrRepeatAreRefused) {
  for (const char* layers : {"[2, 1]", "[1, 1]", "\"3-1\"", "[-1]", "[a]", "[]", "\"0-99999999\""}) {
    EXPECT_THAT(error_of(std::string("nims:\n  - {model_name: a, path: a.gguf, keep_layers: ") + layers + "}\n"),
                HasSubstr("nims[0].keep_layers: expected layer indices"))
        << layers;
  }
}

TEST(Config, AModelHasOneSource) {
  EXPECT_THAT(error_of("nims:\n  - {model_name: a, path: a.gguf, url: \"http://x\"}\n"),
              HasSubstr("exclude each other"));
  const auto config = parse("nims:\n  - model_name: a\n");
  ASSERT_TRUE(config.ok());
  EXPECT_THAT(config->warnings, Contains(HasSubstr("its deployment will fail")));
}

TEST(Config, DropsASecondCandidateOfTheSameNameAndSaysSo) {
  const auto config = parse("nims:\n  - {model_name: a, path: a}\n  - {model_name: a, path: b}\n");
  ASSERT_TRUE(config.ok());
  ASSERT_EQ(config->run.candidates.size(), 1U);
  EXPECT_EQ(config->run.candidates[0].model.path, "/models/a");
  EXPECT_THAT(config->warnings, Contains(HasSubstr("config.yaml:3: nims[1].model_name")));
}

TEST(Config, NoCandidateIsAnError) { EXPECT_THAT(error_of("nims: []\n"), HasSubstr("at least one candidate")); }

TEST(Config, MoreExamplesThanEvaluationRowsIsAnError) {
  EXPECT_THAT(error_of(std::string(kCandidate) + "icl_config: {max_examples: 21}\n"), HasSubstr("eval_size (20)"));
}

TEST(Config, TheJudgesKeyFallsBackAsInTheBlueprint) {
  const auto with_own = [](const std::string& name) { return name == "LLM_JUDGE_API_KEY" ? "k" : ""; };
  const auto with_shared = [](const std::string& name) { return name == "NVIDIA_API_KEY" ? "k" : ""; };
  EXPECT_EQ(parse(kBlueprint, with_own)->run.judge->endpoint.api_key_env, "LLM_JUDGE_API_KEY");
  EXPECT_EQ(parse(kBlueprint, with_shared)->run.judge->endpoint.api_key_env, "NVIDIA_API_KEY");
}

TEST(Config, AJudgeMayNeedNoKeyWhichIsSaidWhereThatIsUnlikely) {
  const std::string judge = "llm_judge_config: {model_name: j, url: \"";
  const auto local = parse(std::string(kCandidate) + judge + "http://127.0.0.1:8000/v1\"}\n");
  EXPECT_EQ(local->run.judge->endpoint.api_key_env, "");
  EXPECT_THAT(local->warnings, Not(Contains(HasSubstr("llm_judge_config"))));
  const auto hosted = parse(std::string(kCandidate) + judge + "https://judge.test/v1\"}\n");
  EXPECT_THAT(hosted->warnings, Contains(HasSubstr("the judge gets no key")));
}

TEST(Config, ALocalJudgeIsToldHowToHaveOne) {
  const auto config = parse(std::string(kCandidate) + "llm_judge_config: {deployment_type: local, model_name: j}\n");
  EXPECT_FALSE(config->run.judge.has_value());
  EXPECT_THAT(config->warnings, Contains(AllOf(HasSubstr("no judge is started here"), HasSubstr("give its url"))));
  const auto served =
      parse(std::string(kCandidate) +
            "llm_judge_config: {deployment_type: local, model_name: j, url: \"http://127.0.0.1:1/v1\"}\n");
  EXPECT_TRUE(served->run.judge.has_value());
}

TEST(Config, ReadsTheNamesOfTheBlueprintsOlderFiles) {
  const auto config = parse(
      "nmp_config: {nim_base_url: \"http://nim.test\", nim_parallelism: 1}\n"
      "llm_judge_config: {type: remote, url: \"http://judge.test/v1/chat/completions\", model_id: judge, api_key_env: "
      "K}\n"
      "nims: [{model_name: m/one, customization_enabled: true}, {model_id: m/two, type: llm}]\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->run.judge->endpoint.model, "judge");
  EXPECT_EQ(config->run.candidates.at(1).model.name, "m/two");
  EXPECT_THAT(config->warnings, Contains(HasSubstr("nim_parallelism: has no effect")));
  EXPECT_THAT(error_of("nims: [{model_name: a, model_id: b, path: x}]\n"), HasSubstr("keep one"));
}

TEST(Config, AUrlMayStandInAVariable) {
  const Environment environment = [](const std::string& name) {
    return name == "HOST" ? "models.test\n" : name == "BASE" ? "https://u.test/v1?key=sk-abcdefghijklmnopqrst" : "";
  };
  const auto config = parse(
      "nims: [{model_name: a, url: \"https://${HOST}/v1\"}]\n"
      "nmp_config: {nim_base_url: \"${BASE}\"}\n"
      "llm_judge_config: {model_name: j, url: \"${BASE}\"}\n"
      "production: {model_name: p, url: \"${BASE}\"}\n"
      "webhooks: [{url: \"http://${HOST}/x\", secret_env: S}]\n"
      "gateway: {upstream: \"http://${HOST}/v1\"}\n"
      "server: {public_url: \"http://${HOST}\"}\n",
      environment);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->run.candidates[0].model.endpoint->url, "https://models.test/v1");
  EXPECT_EQ(config->run.judge->endpoint.url, "https://u.test/v1?key=sk-abcdefghijklmnopqrst");
  EXPECT_EQ(config->run.webhooks[0].url, "http://models.test/x");
  EXPECT_EQ(config->server.public_url, "http://models.test");
  EXPECT_THAT(config->warnings, Not(Contains(HasSubstr("in plain text"))));
  for (const auto& setting : config->settings) EXPECT_THAT(setting.value, Not(HasSubstr("sk-abc"))) << setting.path;
  EXPECT_THAT(error_of("nims: [{model_name: a, url: \"https://${HOST}/v1\"}]\n"),
              AllOf(HasSubstr("nims[0].url: environment variable HOST is not set")));
}

TEST(Config, PartsMayBeSharedByAnchors) {
  const auto config = parse(
      "x-hosted: &hosted {url: \"http://h.test/v1\", api_key_env: K, context_length: 4096}\n"
      "x-more: {own: [&price {input_per_million: 1, output_per_million: 2}]}\n"
      "nims:\n"
      "  - {<<: *hosted, model_name: a, context_length: 2048, price: *price}\n"
      "  - {<<: [{context_length: 1024}, *hosted], model_name: b}\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto& candidates = config->run.candidates;
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].model.endpoint->url, "http://h.test/v1");
  EXPECT_EQ(candidates[0].model.context_length, 2048);
  EXPECT_EQ(candidates[1].model.context_length, 1024);
  EXPECT_EQ(candidates[1].model.endpoint->api_key_env, "K");
  EXPECT_THAT(error_of("nims: [{model_name: a, path: p, x-own: 1}]\n"), HasSubstr("unknown key"));
  EXPECT_THAT(error_of("nims: [{model_name: a, path: p, <<: 7}]\n"), HasSubstr("nims[0].<<: unknown key"));
  std::string bomb = "x-0: &a0 {k: 1}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = std::to_string(i - 1), number = std::to_string(i);
    bomb += "x-" + number + ": &a" + number + " [*a" + before + ", *a" + before + "]\n";
  }
  EXPECT_EQ(error_of(bomb + kCandidate), "(no error)");
}

TEST(Config, ASecondDocumentIsNotIgnored) {
  EXPECT_THAT(error_of(std::string(kCandidate) + "---\nnims: []\n"),
              HasSubstr("config.yaml:4: a second YAML document"));
  EXPECT_TRUE(parse("---\n" + std::string(kCandidate)).ok());
}

TEST(Config, WhatTheBlueprintsServicesReadFromTheEnvironmentIsSaidToHaveNoEffect) {
  const auto environment = [](const std::string& name) { return name == "ELASTICSEARCH_URL" ? "http://es:9200" : ""; };
  EXPECT_THAT(parse(kCandidate, environment)->warnings,
              Contains(AllOf(HasSubstr("ELASTICSEARCH_URL"), HasSubstr("traffic lies in the Elasticsearch"))));
}

TEST(Config, FixedEvaluationRowsAreAJobsAndWhatTheyMakeIdleIsSaid) {
  const auto with = [](const std::string& keys) {
    return std::string(kCandidate) + "data_split_config: {holdout_job: " + keys + "}\n";
  };
  const auto config = parse(with("67436743674367436743abcd, holdout_min_rows: 30"));
  EXPECT_EQ(config->run.split.holdout_job, "67436743674367436743abcd");
  EXPECT_EQ(config->run.split.holdout_min_rows, 30u);
  EXPECT_THAT(config->warnings, testing::Not(Contains(HasSubstr("eval_size"))));
  EXPECT_THAT(parse(with("123412341234123412341234, eval_size: 40"))->warnings,
              Contains(HasSubstr("eval_size: has no effect")));
  EXPECT_THAT(parse(with("67436743674367436743abcd, newest_holdout: 0.1"))->warnings,
              Contains(HasSubstr("nothing measures it")));
  EXPECT_EQ(parse(with("null"))->run.split.holdout_job, "");
  EXPECT_THAT(error_of(with("yesterday")), HasSubstr("data_split_config.holdout_job: is not the id of a job"));
  EXPECT_THAT(error_of(with("67436743674367436743abcd, holdout_min_rows: 0")), HasSubstr("holdout_min_rows"));
}

TEST(Config, WhatPeopleCorrectedIsTaughtOnlyWhereAskedFor) {
  EXPECT_FALSE(parse(kCandidate)->run.use_corrections);
  EXPECT_TRUE(parse(std::string(kCandidate) + "dataset: {use_corrections: true}\n")->run.use_corrections);
}

TEST(Config, AddressesAreChecked) {
  EXPECT_THAT(error_of(std::string(kCandidate) + "server: {listen: localhost}\n"), HasSubstr("no IP address"));
  EXPECT_THAT(error_of(std::string(kCandidate) + "server: {public_url: flywheel.example}\n"), HasSubstr("public_url"));
  EXPECT_THAT(error_of(std::string(kCandidate) + "server: {port: 99999}\n"), HasSubstr("at most 65535"));
  EXPECT_TRUE(parse(std::string(kCandidate) + "server: {listen: \"::1\"}\n").ok());
}

TEST(Config, SizesThatLeaveNothingToTrainOnAreSaid) {
  const auto warnings = [](const std::string& split) {
    return parse(std::string(kCandidate) + "promising: {margin: 0.5}\ndata_split_config: {" + split + "}\n")->warnings;
  };
  EXPECT_THAT(warnings("eval_size: 60, min_total_records: 50"), Contains(HasSubstr("min_total_records (50)")));
  EXPECT_THAT(warnings("eval_size: 100, limit: 100"), Contains(HasSubstr("all of limit (100)")));
  EXPECT_THAT(warnings("eval_size: 30"), ElementsAre());
}

TEST(Config, AnEvaluationTooSmallForItsMarginIsSaid) {
  const auto warnings = [](const std::string& text) { return parse(kCandidate + text)->warnings; };
  EXPECT_THAT(warnings("data_split_config: {eval_size: 20}\npromising: {margin: 0.05}\n"),
              Contains(AllOf(HasSubstr("eval_size 20 is too small"), HasSubstr("rows on"))));
  EXPECT_THAT(warnings("data_split_config: {eval_size: 2000, min_total_records: 5000}\n"), ElementsAre());
}

TEST(Config, AWebhookWhoseKeyIsNotSetIsSaid) {
  const std::string hook = std::string(kCandidate) + "webhooks: [{url: \"http://h/hook\", secret_env: HOOK_KEY}]\n";
  EXPECT_THAT(parse(hook)->warnings, Contains(AllOf(HasSubstr("HOOK_KEY"), HasSubstr("nothing is sent to h"))));
  EXPECT_THAT(error_of(std::string(kCandidate) + "webhooks: [{url: \"not a url\", secret_env: S}]\n"),
              HasSubstr("webhooks[0].url"));
}

TEST(Config, AWebhookWithoutAKeyIsRefused) {
  EXPECT_THAT(error_of(std::string(kCandidate) + "webhooks:\n  - url: http://127.0.0.1:9/hook\n"),
              HasSubstr("webhooks[0].secret_env: is missing"));
}

/// The keys that the reader knows, as its own message about an unknown one lists them.
std::vector<std::string> known_keys(const std::string& section_with_unknown_key) {
  const std::string message = error_of(section_with_unknown_key);
  const auto at = message.find("known here: ");
  std::vector<std::string> keys;
  std::istringstream list(at == std::string::npos ? "" : message.substr(at + 12, message.find('\n', at) - at - 12));
  for (std::string key; std::getline(list, key, ',');) keys.push_back(key.substr(key.find_first_not_of(' ')));
  return keys;
}

TEST(Config, EveryKeyIsInTheManual) {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "FLYWHEEL_SOURCE_DIR is not set";
  const auto manual = io::read_file(std::filesystem::path(source) / "docs/configuration.md");
  ASSERT_TRUE(manual.ok()) << manual.error().message;
  std::size_t count = 0;
  for (const char* section : {"nims:\n  - {model_name: a, path: b, zzzzzzzzzzzz: 1}",
                              "nims:\n  - {model_name: a, url: \"http://h\", request_overrides: {zzzzzzzzzzzz: 1}}",
                              "data_split_config: {zzzzzzzzzzzzz: 1}",
                              "icl_config: {zzzzzzzzzzzz: 1}",
                              "dataset: {zzzzzzzzzzzz: 1}",
                              "training_config: {zzzzzzzzzzzz: 1}",
                              "lora_config: {zzzzzzzzzzzzzz: 1}",
                              "evaluation: {zzzzzzzzzzzzz: 1}",
                              "promising: {zzzzzzzzzzz: 1}",
                              "llm_judge_config: {zzzzzzzzzzzz: 1}",
                              "webhooks: [{zzzzzzzzzzzz: 1}]",
                              "server: {zzzzzzzzzzz: 1}",
                              "engines: {zzzzzzzzzzzz: 1}",
                              "logging_config: {zzzzzzzzzzzz: 1}",
                              "nmp_config: {zzzzzzzzzzzz: 1}",
                              "mlflow_config: {zzzzzzzzzzzzz: 1}",
                              "gateway: {zzzzzzzzzzzzz: 1}",
                              "gateway: {upstreams: [{zzzzzzzzzzzzzzz: 1}]}",
                              "gateway: {routes: [{zzzzzzzzzzzz: 1}]}",
                              "gateway: {routes: [{targets: [{zzzzzzzzzzzz: 1}]}]}",
                              "gateway: {capture: {zzzzzzzzzzzz: 1}}",
                              "gateway: {capture: {rules: [{zzzzzzzzzzzz: 1}]}}",
                              "production: {zzzzzzzzzzzzz: 1}",
                              "zzzzzzzzzzzzzzzzzz: 1"}) {
    for (const auto& key : known_keys(section)) {
      EXPECT_NE(manual->find('`' + key), std::string::npos) << key;
      ++count;
    }
  }
  EXPECT_GT(count, 70U);
}

TEST(SplitOverrides, AreLaidOverTheConfiguredOnes) {
  dataset::SplitSettings base;
  base.val_ratio = 0.2;
  const auto settings = parse_split_overrides(R"({"eval_size": 7, "limit": null})", base);
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->eval_size, 7U);
  EXPECT_EQ(settings->limit, std::nullopt);
  EXPECT_EQ(settings->val_ratio, 0.2);
  EXPECT_THAT(parse_split_overrides(R"({"eval_sizes": 7})", base).error().message,
              HasSubstr("did you mean \"eval_size\""));
}

}  // namespace
}  // namespace fw::app
