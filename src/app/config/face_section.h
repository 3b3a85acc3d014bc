#pragma once

#include <string>
#include <vector>

#include "app/config/yaml_section.h"

namespace fw::app {

/// Where a way in listens: the keys that all of them have.
struct FaceSettings {
  bool enabled = true;
  std::string listen = "127.0.0.1";
  int port = 0;                 ///< 0: one that is free
  std::string tls_certificate;  ///< PEM file; empty: plain HTTP
  std::string tls_key;
  bool insecure = false;  ///< may listen beyond this machine without TLS
};

/// `elasticsearch`: the Elasticsearch dialect.
struct ElasticsearchSettings {
  FaceSettings face{.port = 9200};
  std::string index = "flywheel";  ///< the index that is all traffic
  std::string version;             ///< that clients are told; empty: one that fits the client
};

/// `otlp`: OTLP over HTTP.
struct OtlpSettings {
  FaceSettings face{.port = 4318};
  std::vector<std::string> workload_attributes;  ///< empty: the face's own
  std::vector<std::string> client_attributes;
  double join_window_seconds = 300;
};

void read_elasticsearch(YamlSection& root, ElasticsearchSettings& settings);
void read_otlp(YamlSection& root, OtlpSettings& settings);

}  // namespace fw::app
