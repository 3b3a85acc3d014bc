#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/cli/export_plan.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Json kReport = Json::parse(R"({"config": {"training_config": {"adapter_dim": 16}, "candidates": [
  {"model_name": "small", "path": "/models/small.gguf", "keep_layers": [], "context_length": 4096},
  {"model_name": "cut", "path": "/models/my model.gguf", "keep_layers": [0, 1, 5], "context_length": 2048}]}})");

Json trained(const char* name) {
  return {{"model_name", name},
          {"deployment", "llama-server, F16, adapter merged, 2 threads"},
          {"customizations",
           {{{"nmp_uri", std::string("file:///jobs/1/") + name + "/adapter.gguf"},
             {"customized_model", std::string(name) + "-router-1234"},
             {"error", nullptr}}}}};
}
Json untrained(const char* name) { return {{"model_name", name}, {"customizations", Json::array()}}; }
Json job(std::vector<Json> nims) {
  return {{"id", "abc"}, {"workload_id", "router"}, {"status", "completed"}, {"nims", std::move(nims)}};
}

TEST(PlanExport, TakesTheOnlyTrainedModelWithWhatItWasTrainedOn) {
  const auto plan = plan_export(job({untrained("hosted"), trained("cut")}), kReport, "");
  ASSERT_TRUE(plan.ok()) << plan.error();
  EXPECT_EQ(plan->name, "cut-router-1234");
  EXPECT_EQ(plan->adapter, "/jobs/1/cut/adapter.gguf");
  EXPECT_EQ(plan->peft, "/jobs/1/cut/peft");
  EXPECT_EQ(plan->base, "/models/my model.gguf");
  EXPECT_THAT(plan->keep_layers, ElementsAre(0, 1, 5));
  EXPECT_EQ(plan->type, "f16");
  EXPECT_EQ(plan->rank, 16);
}

TEST(PlanExport, AsksWhichWhereThereAreSeveralAndSaysWhereThereIsNone) {
  const auto several = job({trained("small"), trained("cut")});
  EXPECT_THAT(plan_export(several, kReport, "").error().message, HasSubstr("--candidate; trained are: small, cut"));
  EXPECT_EQ(plan_export(several, kReport, "small")->candidate, "small");
  EXPECT_THAT(plan_export(several, kReport, "smal").error().message, HasSubstr("did you mean small?"));
  EXPECT_THAT(plan_export(job({untrained("hosted")}), kReport, "").error().message, HasSubstr("customization_enabled"));
}

TEST(PlanExport, AFailedTrainingIsNothingToExport) {
  auto nim = trained("small");
  nim["customizations"][0]["error"] = "out of memory";
  EXPECT_FALSE(plan_export(job({nim}), kReport, "").ok());
}

TEST(ExportReadme, SaysHowEachServerIsStarted) {
  const auto plan = plan_export(job({trained("small")}), kReport, "").value();
  const std::string whole = export_readme(plan, true, true);
  EXPECT_THAT(whole, AllOf(HasSubstr("llama-server --model model.gguf --alias small-router-1234 --jinja"),
                           HasSubstr("ollama create small-router-1234 -f Modelfile"),
                           HasSubstr("--lora-modules small-router-1234=./peft --max-lora-rank 16"),
                           HasSubstr("--chat-template chat_template.jinja"),
                           HasSubstr("NIM_PEFT_SOURCE=/loras -e NIM_MAX_LORA_RANK=16"),
                           HasSubstr("Requests name the model `small-router-1234`")));
  const std::string adapter_only = export_readme(plan, false, false);
  EXPECT_THAT(adapter_only, AllOf(HasSubstr("--model /models/small.gguf --lora adapter.gguf"),
                                  Not(HasSubstr("model.gguf` |")), Not(HasSubstr("chat_template"))));
  EXPECT_THAT(ollama_modelfile(plan), AllOf(HasSubstr("FROM ./model.gguf"), HasSubstr("num_ctx 4096")));
}

TEST(ExportReadme, AModelWithLayersLeftOutIsNotServedOnPublishedWeights) {
  const auto plan = plan_export(job({trained("cut")}), kReport, "").value();
  EXPECT_THAT(export_readme(plan, true, false),
              AllOf(HasSubstr("cut to 3 layers"), Not(HasSubstr("--lora-modules")), Not(HasSubstr("nim/"))));
}

}  // namespace
}  // namespace fw::app
