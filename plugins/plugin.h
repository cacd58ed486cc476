/* SPDX-License-Identifier: MIT-0
 *
 * plugin.h - the whole contract between Sallyport and a protocol plugin. plugins/plugin.md tells the story.
 *
 * A plugin is a pure protocol machine in a shared object. It exports one symbol, `sallyport_plugin`. The host
 * feeds it the bytes of each leg of a session; the plugin finds the units (messages), names what they mean
 * (`ask`), and says of every input byte whether it is passed, dropped or held. It opens no socket, starts no
 * thread, reads no clock, and keeps no pointer that it was lent. It decides nothing: policy is the host's.
 *
 * Versions: ABI major must be equal, minor must not be above the host's. Every struct that crosses begins
 * with its size in bytes as the side that filled it knows it; structs only ever grow at the end.
 *
 * Threads: `open`, `feed`, `close` of one session are called on one thread, never concurrently; different
 * sessions may run on different threads. `configure` and `render` may be called on any thread.
 *
 * Lent memory: pointers given to a plugin are valid until the call returns that received them (or, for what a
 * host call returns, until `feed` returns). Pointers given to the host are copied before the host call
 * returns.
 */
#ifndef SALLYPORT_PLUGIN_H
#define SALLYPORT_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SP_MAGIC 0x53504c47u /* "SPLG" */
#define SP_ABI_MAJOR 1u
#define SP_ABI_MINOR 3u
#define SP_EXPORT __attribute__((visibility("default")))

typedef struct sp_session sp_session; /* the host's; opaque */

typedef struct sp_bytes {
  const uint8_t* data;
  size_t size;
} sp_bytes;

typedef struct sp_text { /* UTF-8 or the protocol's bytes; not NUL-terminated */
  const char* data;
  size_t size;
} sp_text;

typedef struct sp_pair {
  sp_text name;
  sp_text value;
} sp_pair;

/* ---- Legs ------------------------------------------------------------------------------------------------
 * A session has the client's leg, 0, and up to SP_LEG_COUNT_MAX - 1 target legs that the plugin numbers and
 * opens with `connect`. All target legs of a session reach the same target with the same credential. */
#define SP_LEG_CLIENT 0u
#define SP_LEG_TARGET 1u
#define SP_LEG_COUNT_MAX 8u

/* ---- Events: why `feed` is called ------------------------------------------------------------------------
 */
enum {
  SP_EVENT_DATA = 1u << 0,     /* new bytes stand in `data` */
  SP_EVENT_OPENED = 1u << 1,   /* a target leg is connected */
  SP_EVENT_FAILED = 1u << 2,   /* a target leg could not be connected, or its TLS failed; `reason` says why */
  SP_EVENT_TLS = 1u << 3,      /* the leg's TLS handshake is complete */
  SP_EVENT_END = 1u << 4,      /* the peer of this leg has closed; no more bytes will come */
  SP_EVENT_ANSWER = 1u << 5,   /* something that answered SP_WAIT may answer now: call it again */
  SP_EVENT_TIMER = 1u << 6,    /* the time of `wake_after` has come */
  SP_EVENT_SIGNAL = 1u << 7,   /* another session signalled the key that this one published */
  SP_EVENT_SHUTDOWN = 1u << 8, /* end the session in the protocol's words, now; `reason` says why */
  SP_EVENT_POLICY = 1u << 9    /* the policy was swapped: every field id is void, name the fields anew */
};

typedef struct sp_input {
  size_t size;
  uint32_t leg;        /* the leg that `data` belongs to */
  uint32_t events;     /* SP_EVENT_*, at least one */
  const uint8_t* data; /* every byte of this leg that is neither passed nor dropped yet, oldest first */
  size_t data_size;
  sp_text reason; /* for FAILED and SHUTDOWN: a text for people */
} sp_input;

/* ---- What answers are made of ----------------------------------------------------------------------------
 */
typedef enum sp_verdict { SP_ALLOW = 0, SP_DENY = 1, SP_WAIT = 2 } sp_verdict;

/* How a paused request stands, with `sp_answer.verdict`. */
typedef enum sp_state {
  SP_STATE_DECIDED = 0, /* policy alone decided */
  SP_STATE_PENDING = 1, /* waits for a person (SP_WAIT), or still does after the hold's end (SP_DENY) */
  SP_STATE_APPROVED = 2,
  SP_STATE_REFUSED = 3, /* a person said no */
  SP_STATE_EXPIRED = 4,
  SP_STATE_CANCELLED = 5,
  SP_STATE_UNBOUND = 6 /* see SP_ASK_UNBOUND */
} sp_state;

typedef struct sp_answer {
  size_t size;
  sp_verdict verdict;
  sp_state state;
  sp_text rule;    /* the rule's name, empty when the target's default decided */
  sp_text message; /* one line for the caller, for example: denied by rule "destructive-sql" */
  sp_text detail;  /* approval=7F3K state=pending do=..., or empty */
} sp_answer;

/* One command of a request: what the rules match. Facts and fields must be declared in the manifest. */
typedef struct sp_command {
  size_t size;
  sp_text verb;           /* fact "verb"; "UNPARSED" for what could not be understood */
  const sp_text* objects; /* fact "object": what it touches, qualified as far as known */
  size_t object_count;
  const sp_pair* fields; /* facts "field.NAME"; several pairs of one name are several values */
  size_t field_count;
} sp_command;

typedef enum sp_stage {
  SP_STAGE_PREPARE = 0, /* the target will read it but not run it yet: answers ALLOW or DENY, never WAIT */
  SP_STAGE_EXECUTE = 1
} sp_stage;

typedef struct sp_ask {
  size_t size;
  uint64_t ticket; /* the plugin's number for this unit, unique among those undecided; not 0 */
  sp_stage stage;
  uint64_t transaction; /* 0 outside a transaction, else a number that differs for each one of the session */
  const sp_command* commands; /* a batch is judged whole: deny beats approve beats allow */
  size_t command_count;
  sp_text text;          /* the request as the record and an approver see it */
  const sp_pair* values; /* bound ones, for the record and approvers: name ("$1:text"), printable value */
  size_t value_count;
  sp_bytes binding; /* the canonical bytes that make another request "the same one" (promise 3) */
  uint32_t flags;   /* SP_ASK_* */
  sp_bytes context; /* since 1.1: the part of `binding` that says where it would run; or empty */
} sp_ask;

enum {
  /* `binding` is not whole yet, because the plugin would have to ask the target: where the answer would be
   * WAIT it is WAIT with SP_STATE_UNBOUND, nothing is recorded or begun, and the plugin asks again with the
   * same ticket and without this flag once it knows. */
  SP_ASK_UNBOUND = 1u << 0,
  SP_ASK_PLAIN_CONTEXT = 1u << 1 /* `context` is as the login left it; without this it is no part of a plan */
};

/* ---- Login ------------------------------------------------------------------------------------------------
 */
typedef struct sp_login {
  size_t size;
  sp_text user; /* the protocol's user name: [WHO,][LOGIN~]TARGET, or anything where the listener decides */
  sp_text database; /* what the client asked for; empty when it named none */
  sp_text client;   /* the program's name if the protocol tells */
} sp_login;

typedef struct sp_scram_verifier { /* RFC 5803; for an unknown WHO a stable false one */
  size_t size;
  uint32_t iterations;
  uint8_t salt[16];
  uint8_t stored_key[32];
  uint8_t server_key[32];
} sp_scram_verifier;

enum { SP_VERIFIER_PASSWORD = 1, SP_VERIFIER_CHANNEL = 2 /* since 1.2 */ };
#define SP_TOKEN_SIZE_MAX 16384u /* bytes of a password that may be a token */

typedef enum sp_proof {
  SP_PROOF_SCRAM = 0,    /* the plugin checked the proof against `verifier`; size 0 means: it failed */
  SP_PROOF_PASSWORD = 1, /* the bytes are a token, a ticket or (since 1.3) the password of the user whom
                           `login` named, that the host checks; data NULL: it was larger than
                           SP_TOKEN_SIZE_MAX, and is refused */
  SP_PROOF_CHANNEL = 2   /* since 1.2: no bytes; the host looks at the certificate of the client's TLS */
} sp_proof;

typedef struct sp_identity {
  size_t size;
  sp_verdict verdict; /* ALLOW, DENY (message is public and says nothing of why), WAIT */
  sp_text message;    /* after DENY: the public error */
  sp_text who;
  sp_text target;
  sp_text login;
  sp_text database;           /* the database to open, after defaulting */
  uint32_t target_tls;        /* SP_TARGET_TLS_* */
  const sp_text* permissions; /* `permit` of the login: those of the manifest that it has */
  size_t permission_count;
  const sp_pair* options; /* since 1.3: [target.options], all of the manifest's: as set, or the default */
  size_t option_count;
  sp_text target_host; /* since 1.3: the target's first address as the config has it, with its port */
} sp_identity;
enum { SP_TARGET_TLS_OFF = 0, SP_TARGET_TLS_REQUIRE = 1, SP_TARGET_TLS_VERIFY = 2 };

typedef enum sp_credential_kind {
  SP_CREDENTIAL_USER = 0,         /* out: the user name at the target */
  SP_CREDENTIAL_PASSWORD = 1,     /* out: the password itself; ask only when nothing better will do */
  SP_CREDENTIAL_SCRAM_SHA_256 = 2 /* in: salt, iterations; out: SaltedPassword, 32 bytes; may answer WAIT */
} sp_credential_kind;

typedef struct sp_credential {
  size_t size;
  sp_credential_kind kind;
  sp_bytes salt;
  uint32_t iterations;
  sp_bytes secret; /* filled by the host, zeroed by it after `feed` returns; empty: there is none */
} sp_credential;

/* ---- Masking ----------------------------------------------------------------------------------------------
 */
typedef enum sp_kind { /* what a span's bytes are; looking into them, and valid masked ones, are the host's */
                       SP_KIND_TEXT = 0,   /* UTF-8, or bytes that may hold text */
                       SP_KIND_JSON = 1,   /* one JSON value: its strings are looked at decoded, and written
                                              escaped; stays JSON */
                       SP_KIND_DIGITS = 2, /* a decimal number: stays one */
                       SP_KIND_TERMINAL = 3,
                       SP_KIND_OPAQUE = 4, /* cannot be looked into: withheld where any mask applies */
                       SP_KIND_UUID = 5,   /* 8-4-4-4-12 hexadecimal digits: stays a UUID */
                       SP_KIND_PLAIN = 6   /* can spell no text (a date, a truth value): no detector looks;
                                              withheld where a mask covers the whole value */
} sp_kind;

enum {
  SP_FIELD_NO_ORIGIN = 1u << 0, /* the value's table is unknown: the mask's `computed` setting applies */
  SP_FIELD_UNRELATED = 1u << 1  /* with NO_ORIGIN: the request is proven to read nothing that a mask names
                                   (`names_masked`); it does not */
};

typedef struct sp_field {
  size_t size;
  sp_kind kind;
  uint32_t flags;
  sp_text label; /* the name that the client sees, e.g. a column's */
  sp_text path;  /* its origin, e.g. schema.table.column; empty when unknown */
} sp_field;

typedef uint32_t sp_field_id;
#define SP_FIELD_CLEAR 0u /* `field` answers this: no mask can apply, spans of it need not be listed */

/* A value in the form that its kind names. Where the protocol writes it in another one (escaped, binary), the
 * plugin decodes it into memory of its own, and encodes what came of it. */
typedef struct sp_span {
  size_t offset; /* in `data` of this feed; with `bytes`: 0 */
  size_t size;   /* bytes */
  sp_field_id field;
  uint32_t reserved;
  uint8_t* bytes; /* NULL: in this feed's data; else the plugin's own memory, that the host may edit */
} sp_span;

typedef enum sp_mask_outcome {
  SP_MASK_UNCHANGED = 0,
  SP_MASK_EDITED = 1,   /* same length, already written where the span lies */
  SP_MASK_REPLACED = 2, /* other length: `replacement`; the plugin re-emits the unit */
  SP_MASK_WITHHELD = 3  /* may not be shown at all: the plugin sends the protocol's "no value" */
} sp_mask_outcome;

typedef struct sp_masked {
  sp_mask_outcome outcome;
  sp_bytes replacement;
} sp_masked;

/* ---- Host -------------------------------------------------------------------------------------------------
 */
/* `pass` and `drop` flags. */
enum {
  SP_UNIT_OPEN = 1u << 0 /* the unit does not end with these bytes: an `emit` of another cause waits */
};

typedef enum sp_activity {
  SP_IDLE = 0, /* nothing under way: the session may be ended here */
  SP_BUSY = 1,
  SP_IDLE_IN_TRANSACTION = 2
} sp_activity;

/* Every function: on the session's thread, inside `open`, `feed` or `close`. Results: 0 is success, negative
 * is refused (SP_ERROR_*): the session ends closed with a record, whatever the plugin does then. */
enum { SP_ERROR_ARGUMENT = -1, SP_ERROR_STATE = -2, SP_ERROR_LIMIT = -3, SP_ERROR_NO_RECORD = -4 };

typedef struct sp_host {
  size_t size;
  uint32_t abi_major;
  uint32_t abi_minor;

  /* The next `count` unconsumed bytes of leg `from` go to leg `to` unchanged. `count` may exceed what is
   * there: the rest is credit, and later bytes flow without a call of `feed`. */
  int (*pass)(sp_session*, uint32_t from, uint32_t to, uint64_t count, uint32_t flags);
  /* The next `count` unconsumed bytes of leg `from` are discarded; may exceed what is there. */
  int (*drop)(sp_session*, uint32_t from, uint64_t count);
  /* What stands unconsumed on this leg waits for something else than more bytes of it (another leg, a
   * timer): nothing more is received there until some of it is passed or dropped, or a feed of this leg does
   * not say so again. Without this a peer that sends on ends the session, at a unit's largest size. */
  int (*pause)(sp_session*, uint32_t leg);
  /* Bytes of the plugin's own to leg `to`. Waits for that leg's next unit boundary if a passed unit is open.
   */
  int (*emit)(sp_session*, uint32_t to, const uint8_t* data, size_t size);

  /* Start TLS on a leg: as server on the client's, as client (verified as the target's config says) on a
   * target's. Plaintext behind the upgrade is refused by the host; with `direct` the unconsumed bytes are the
   * handshake's first. Completion: SP_EVENT_TLS, or SP_EVENT_FAILED. */
  int (*tls)(sp_session*, uint32_t leg, int direct);
  /* RFC 5929 tls-server-end-point of the leg into `out`; returns its size, 0 when the leg has no TLS. */
  int (*channel_binding)(sp_session*, uint32_t leg, uint8_t* out, size_t out_size);

  /* Who wants what. Never fails visibly: a refusal shows only after the proof. */
  int (*login)(sp_session*, const sp_login* request);
  /* 0: `out` is filled. SP_VERIFIER_PASSWORD: the proof will be a token that names its bearer; ask for the
   * password itself, over TLS alone, and give it to `prove` as SP_PROOF_PASSWORD. SP_VERIFIER_CHANNEL: ask
   * for nothing, and call `prove` with SP_PROOF_CHANNEL. */
  int (*verifier)(sp_session*, sp_scram_verifier* out);
  /* Ends the login: ALLOW, DENY or WAIT (call again at SP_EVENT_ANSWER). */
  int (*prove)(sp_session*, sp_proof kind, sp_bytes proof, sp_identity* out);
  /* The target's own secret, only after `prove` answered ALLOW. Returns an sp_verdict. */
  int (*credential)(sp_session*, sp_credential* inout);

  /* Opens target leg `leg`; SP_EVENT_OPENED or SP_EVENT_FAILED follows. One that was finished may be opened
   * again at once. Legs other than SP_LEG_TARGET are
   * recorded as the gateway's own traffic. */
  int (*connect)(sp_session*, uint32_t leg);
  /* Closes a leg after what is queued for it is sent; the client's leg ends the session. */
  int (*finish)(sp_session*, uint32_t leg, sp_text reason);

  /* Judges a request and records it. Asked again with the same ticket it answers how the matter stands now.
   * After ALLOW the unit may be passed, once. Returns an sp_verdict, as in `out`. */
  int (*ask)(sp_session*, const sp_ask* ask, sp_answer* out);
  /* Looks at values on their way to the target that no `ask` carries before they go (a bind, bulk data):
   * masks of direction "request" block what they find. Returns an sp_verdict: ALLOW, or DENY as in `out`. */
  int (*screen)(sp_session*, const sp_pair* values, size_t count, sp_answer* out);
  /* Whether `screen` would look for anything: 1 or 0. Changes at SP_EVENT_POLICY alone. */
  int (*screens)(sp_session*);
  /* Withdraws a waiting ticket (the caller cancelled): its next `ask` answers DENY. */
  int (*cancel)(sp_session*, uint64_t ticket);

  /* Names a value's place once; spans then carry the id. Ids live until `fields_reset`. */
  sp_field_id (*field)(sp_session*, const sp_field* field);
  int (*fields_reset)(sp_session*);
  /* Whether a mask of this identity names one of these origins (count 0: any at all): 1 or 0. */
  int (*names_masked)(sp_session*, const sp_text* paths, size_t count);
  /* Looks at all spans at once; those in this feed's data ascend and do not overlap. Returns how many
   * outcomes are REPLACED or WITHHELD. */
  int (*mask)(sp_session*, const sp_span* spans, size_t count, sp_masked* out);

  /* Metadata for the record: protocol version, database; why the caller asks, for whom (plugin.md). */
  int (*name)(sp_session*, sp_text key, sp_text value);
  /* A request unit that has no verdict of its own (a bind, a sync): recorded, then it may be passed. */
  int (*note)(sp_session*, sp_text kind, sp_bytes payload);
  /* The reply to the oldest recorded request is over: units (rows), and the protocol's closing words. */
  int (*reply_end)(sp_session*, uint64_t units, sp_text status);
  int (*activity)(sp_session*, sp_activity now);

  int (*wake_after)(sp_session*, uint32_t delay_ms); /* one timer a session; 0 clears it */
  /* Unless cleared (0) or replaced by then, the target leg is closed and SP_EVENT_FAILED says why. Connecting
   * and TLS handshakes have deadlines of the gateway's own. */
  int (*answer_within)(sp_session*, uint32_t leg, uint32_t delay_ms);
  int (*random)(sp_session*, uint8_t* out, size_t size);

  /* A key (at most 64 bytes) under which another session, on any core, can signal this one. */
  int (*publish)(sp_session*, sp_bytes key);
  int (*signal)(sp_session*, sp_bytes key);
  /* Number of this core, to put into keys that must be unique in the gateway. */
  uint32_t (*core_index)(sp_session*);

  /* Later additions by name; NULL when the host has none of that name. */
  const void* (*extension)(sp_session*, const char* name);
} sp_host;

/* ---- Manifest ---------------------------------------------------------------------------------------------
 */
enum {
  SP_CAN_MASK = 1u << 0,
  SP_CAN_HOLD = 1u << 1,
  SP_CAN_MULTIPLEX = 1u << 2, /* keeps held units itself and reads on */
  SP_CAN_TLS = 1u << 3
};

typedef struct sp_fact { /* "verb", "object" or "field.NAME" */
  sp_text name;
  sp_text help;
} sp_fact;

/* A ready set is an OR of clauses, each an AND of conditions; values in a condition are OR. */
typedef struct sp_condition {
  sp_text fact;
  const sp_text* values; /* with * as in the config */
  size_t value_count;
} sp_condition;

typedef struct sp_clause {
  const sp_condition* conditions;
  size_t condition_count;
} sp_clause;

typedef struct sp_rule_set {
  sp_text name; /* "sql/read-only" */
  sp_text help;
  const sp_clause* clauses;
  size_t clause_count;
} sp_rule_set;

typedef struct sp_option { /* a key of [target.options] */
  sp_text name;
  sp_text help;
  sp_text default_value;
  const sp_text* values; /* allowed values; none: any text */
  size_t value_count;
} sp_option;

enum {
  SP_PERMISSION_UNMASKED = 1u << 0 /* what it lets pass cannot be masked: refused on a target with a mask */
};

/* What the plugin refuses unless the login that is used has it (`permit` in the config). */
typedef struct sp_permission {
  sp_text name; /* a-z 0-9 - _ */
  sp_text help;
  uint32_t flags; /* SP_PERMISSION_* */
} sp_permission;

typedef struct sp_manifest {
  size_t size;
  sp_text name; /* the protocol, as in `protocol = "..."` */
  sp_text version;
  sp_text summary;
  uint32_t capabilities; /* SP_CAN_* */
  const sp_fact* facts;
  size_t fact_count;
  const sp_rule_set* sets;
  size_t set_count;
  const sp_option* options;
  size_t option_count;
  const sp_text* alpn; /* protocol names for TLS, in order of preference */
  size_t alpn_count;
  const sp_permission* permissions;
  size_t permission_count;
} sp_manifest;

/* ---- Plugin -----------------------------------------------------------------------------------------------
 */
typedef struct sp_open {
  size_t size;
  uint32_t client_tls_required; /* the listener takes no plaintext */
  uint32_t client_tls_offered;
  const sp_pair* options; /* of the listener's target, as in `sp_identity`; empty: `login` names it */
  size_t option_count;
} sp_open;

typedef enum sp_status {
  SP_OK = 0,
  SP_FAULT = 1 /* the peer broke the protocol or the plugin cannot go on: the session ends, nothing passes */
} sp_status;

typedef enum sp_direction { SP_REQUEST = 0, SP_REPLY = 1 } sp_direction;
/* Where `render` writes its text. */
typedef void (*sp_write)(void* to, const char* data, size_t size);

typedef struct sp_plugin {
  uint32_t magic; /* SP_MAGIC */
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved;
  size_t size;
  const sp_manifest* manifest;

  /* A new session. NULL: no memory. `host` stays valid as long as the plugin is loaded. */
  void* (*open)(const sp_host* host, sp_session* session, const sp_open* info);
  sp_status (*feed)(void* state, const sp_input* input);
  void (*close)(void* state);

  /* Offline: what a command is, for `explain` and `check --cases`: classifies `text` as `feed` would and
   * calls `found` once with the ask. Returns 0, or a negative SP_ERROR_*. */
  int (*classify)(sp_text text, void (*found)(void* to, const sp_ask* ask), void* to);
  /* Offline: recorded bytes of a session as text for people (`replay`, `show`). May be NULL. */
  int (*render)(sp_direction direction, sp_bytes bytes, sp_write write, void* to);
} sp_plugin;

/* The one exported symbol. */
extern SP_EXPORT const sp_plugin sallyport_plugin;

#ifdef __cplusplus
}
#endif

#endif
