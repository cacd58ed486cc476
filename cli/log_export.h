// Parts of `sallyport log` in files of their own: sessions taken out of the log, and their proofs.
#pragma once

#include <stdio.h>

#include <string>

#include "cli/commands.h"
#include "ringlog/reader.h"

namespace sallyport::cli {

// `log verify --proof`.
struct ProofOptions {
  std::string file;
  bool open = false;     // take a session whose end is not in it
  bool records = false;  // print what is proven
};
void add_proof_options(CLI::App& command, ProofOptions& options);
int verify_proof_file(const Context& context, const ProofOptions& options, const std::string& key_file);
// `log export --proof`: into a file, or into a folder under a name that tells the session.
int export_proof(const Context& context, const std::string& directory, uint64_t instance, uint64_t session,
                 const std::string& to);

// `log export` in forms that other programs read; each line is written as it is made.
struct ExportTo {
  std::string directory;
  ringlog::Reader::Filter session;
  std::string key;  // of LogSource
  FILE* out;
};
int export_jsonl(const Context& context, const ExportTo& to);      // each record as `show --json` has it
int export_asciicast(const Context& context, const ExportTo& to);  // version 2, as asciinema plays it
int export_ocsf(const Context& context, const ExportTo& to);       // 1.3.0, Datastore Activity (6005)

// `log accept`: what a witness holds and the log lacks.
void add_log_accept(CLI::App& group, Context& context);
// `log seal-key`.
void add_log_seal_key(CLI::App& group, Context& context);
// `log erase`.
void add_log_erase(CLI::App& group, Context& context);
// Root becomes the user whose folder this is, so that the gateway can use what is written there; others must
// be it. False after printing why.
[[nodiscard]] bool become_owner(const Context& context, const std::string& folder);
// `log key`.
void add_log_key(CLI::App& group, Context& context);
// `log export`.
void add_log_export(CLI::App& group, Context& context);

}  // namespace sallyport::cli
