//! Every fixed bound in one place. What a user may need to change is in the configuration instead.

/// Default and largest page size of list endpoints, in items.
pub const PER_PAGE_DEFAULT: u64 = 30;
/// See [`PER_PAGE_DEFAULT`].
pub const PER_PAGE_MAX: u64 = 1000;
/// A client's filter may have this many bytes.
pub const FILTER_MAX_BYTES: usize = 3500;
/// A filter or rule may have this many comparisons.
pub const FILTER_MAX_COMPARISONS: usize = 200;
/// Parentheses in a filter or rule may nest this deep.
pub const FILTER_MAX_DEPTH: usize = 64;
/// Function calls in a filter may nest this deep.
pub const FUNCTION_MAX_DEPTH: usize = 3;
/// A sort expression may have this many items.
pub const SORT_MAX_ITEMS: usize = 8;
/// One item of a sort expression may have this many bytes.
pub const SORT_ITEM_MAX_BYTES: usize = 255;
/// A path in a filter may pass this many relations before its last field.
pub const FILTER_MAX_HOPS: usize = 6;
/// Expansions nest this deep; deeper levels are ignored.
pub const EXPAND_MAX_DEPTH: usize = 6;
/// A back-relation expands to at most this many records of one record.
pub const EXPAND_BACK_MAX: usize = 1000;
/// Bodies of requests may have this many bytes, on top of what a collection's fields allow.
pub const BODY_MAX_BYTES: u64 = 32 << 20;
/// `application/x-www-form-urlencoded` bodies may have this many bytes.
pub const URLENCODED_MAX_BYTES: u64 = 10 << 20;
/// View queries may have this many characters.
pub const VIEW_QUERY_MAX_CHARS: usize = 5000;
/// Statements that superusers type may have this many characters, together.
pub const SQL_MAX_CHARS: usize = 5000;
/// The name that such statements run under may have this many characters.
pub const SQL_NAME_MAX_CHARS: usize = 64;
/// Rows that they are answered with.
pub const SQL_ROWS_MAX: usize = 1000;
/// Seconds that a typed change may take.
pub const SQL_WRITE_SECONDS: u64 = 60;
/// Rows that fail in an import by the dashboard, of which it is told why.
pub const IMPORT_FAILURES_TOLD: usize = 1000;
/// Size of a table that the dashboard takes for an import.
pub const IMPORT_UPLOAD_MAX_BYTES: u64 = 2 << 30;
/// Rows that a view's query is tried with.
pub const VIEW_SAMPLE_ROWS: usize = 10;
/// Largest integer that JSON clients keep exactly.
pub const SAFE_INTEGER_MAX: i64 = (1 << 53) - 1;
/// `total=capped` counts no further than this many records.
pub const TOTAL_CAP: u64 = 1000;
/// What precedes the content of a part of a multipart body may have this many bytes.
pub const MULTIPART_HEAD_MAX_BYTES: usize = 256 << 10;
/// A multipart body may have this many parts.
pub const MULTIPART_MAX_PARTS: usize = 1000;
/// A body must have arrived within this time, and more of it the more of it has arrived: see
/// [`BODY_MIN_BYTES_PER_SECOND`].
pub const BODY_READ_TIMEOUT_SECONDS: u64 = 300;
/// For each so many bytes that have arrived, a body may take a second longer.
pub const BODY_MIN_BYTES_PER_SECOND: u64 = 32 << 10;
/// Of a body that is refused for its size, this much is still read (and thrown away), so that a client which sends
/// everything before it looks at the answer sees the answer and not a broken connection.
pub const REFUSED_BODY_DRAIN_MAX_BYTES: u64 = 128 << 20;
/// How long that may take.
pub const REFUSED_BODY_DRAIN_TIMEOUT_SECONDS: u64 = 10;
/// A client that pauses this long while its body is refused waits for the answer, and gets it.
pub const REFUSED_BODY_PAUSE_MS: u64 = 250;
/// Of an account's sessions this many are listed, those used last.
pub const SESSIONS_LISTED_MAX: u64 = 500;
/// An account may have this many API keys.
pub const API_KEYS_MAX: usize = 100;
/// An API key's name may have this many characters.
pub const API_KEY_NAME_MAX_CHARS: usize = 100;
/// The form of a hosted page may have this many bytes.
pub const PAGE_FORM_MAX_BYTES: u64 = 16 << 10;
/// An address that a page is to lead back to may have this many characters.
pub const REDIRECT_MAX_CHARS: usize = 2048;
/// The address of one request of a batch may have this many bytes.
pub const BATCH_URL_MAX_BYTES: usize = 2000;
/// A client may listen to this many topics at the same time.
pub const REALTIME_TOPICS_MAX: usize = 1000;
/// A topic, with its options, may have this many bytes.
pub const REALTIME_TOPIC_MAX_BYTES: usize = 2500;
/// The topics of all clients together may take this many bytes.
pub const REALTIME_TOPICS_MAX_BYTES: usize = 128 << 20;
/// What each topic of each client counts on top of its text, in bytes.
pub const REALTIME_TOPIC_COST_BYTES: usize = 200;
/// For so long changes are kept after the last client that can go on where it was has gone.
pub const REALTIME_LINGER_SECONDS: u64 = 120;
/// A message of a client over WebSocket may have this many bytes: all topics that it may listen to, escaped.
pub const REALTIME_WS_MESSAGE_MAX_BYTES: usize = 4 << 20;
/// A client over WebSocket must take what it is sent within this time.
pub const REALTIME_WS_WRITE_SECONDS: u64 = 30;
/// What a client's message is known by may have this many bytes, or the answer doesn't repeat it.
pub const REALTIME_REF_MAX_BYTES: usize = 100;
/// So many clients that have come back are told at the same time what they have missed; others wait for their turn.
pub const REALTIME_REPLAYS: usize = 4;
/// So many audiences of a change are asked about in one read, so that other reads get their turn.
pub const REALTIME_AUDIENCES_PER_READ: usize = 512;
/// So many messages may wait until a client reads them; one that reads slower is disconnected.
pub const REALTIME_QUEUE_MAX_MESSAGES: usize = 256;
/// The same in bytes.
pub const REALTIME_QUEUE_MAX_BYTES: usize = 4 << 20;
/// A stream without messages ends after this time, and clients connect anew.
pub const REALTIME_IDLE_SECONDS: u64 = 300;
/// Every stream ends after this time, and clients connect anew.
pub const REALTIME_MAX_SECONDS: u64 = 1800;
/// How often a stream without messages carries a comment, by which it is noticed that somebody has gone.
pub const REALTIME_HEARTBEAT_SECONDS: u64 = 15;
/// The second step of a sign-in must come within this time where the collection doesn't set one.
pub const SECOND_STEP_SECONDS: i64 = 600;
/// Wrong second factors that one sign-in takes; then it has to begin again with the first.
pub const SECOND_STEP_MAX_FAILURES: u32 = 5;
/// Sign-ins whose wrong second factors are counted, and for how long: as long as one may wait for its second step.
pub const SECOND_STEPS_COUNTED: u64 = 100_000;
/// See [`SECOND_STEPS_COUNTED`].
pub const SECOND_STEPS_COUNTED_SECONDS: u64 = 86_400;
/// An authenticator app that is being set up must show its first code within this time.
pub const TOTP_SETUP_SECONDS: u64 = 900;
/// What a browser was asked to do with a passkey must be done within this time.
pub const PASSKEY_CEREMONY_SECONDS: u64 = 300;
/// Authenticator apps being set up, and as many passkey ceremonies, that are remembered; the oldest make room.
pub const CEREMONIES_REMEMBERED: u64 = 50_000;
/// Recovery codes that an account gets.
pub const RECOVERY_CODES: usize = 10;
/// An account may have this many passkeys.
pub const PASSKEYS_MAX: usize = 25;
/// The name of a passkey may have this many characters.
pub const PASSKEY_NAME_MAX_CHARS: usize = 100;
/// A file of a theme may have this many bytes.
pub const THEME_FILE_MAX_BYTES: u64 = 1 << 20;
/// Answers of services that people sign in with may have this many bytes.
pub const OUTBOUND_BODY_MAX_BYTES: usize = 1 << 20;
/// One request to such a service, and all requests of one sign-in together, may take this long.
pub const OUTBOUND_TIMEOUT_SECONDS: u64 = 30;
/// So many people may be on their way through another service's sign-in at the same time.
pub const OAUTH2_FLOWS_MAX: u64 = 20_000;
/// A file that no record has come to name after this time is removed. Until then it may be on its way to the storage.
pub const FILE_PENDING_SECONDS: i64 = 6 * 60 * 60;
/// A file that couldn't be removed is tried again after a time that doubles up to this.
pub const FILE_RETRY_MAX_SECONDS: i64 = 60 * 60;
/// Files that are removed at a time.
pub const FILES_REMOVED_AT_ONCE: u64 = 100;
/// One owner may have this many unfinished uploads, however small they are.
pub const UPLOADS_PER_OWNER_MAX: i64 = 100;
/// Everybody together may have this many.
pub const UPLOADS_MAX: i64 = 10_000;
/// What a client says of an upload may have this many bytes.
pub const UPLOAD_METADATA_MAX_BYTES: usize = 8 << 10;
/// Whether somebody may go on with an upload is asked with every request, and again each time so much has arrived.
pub const UPLOAD_CHECKED_EVERY_BYTES: u64 = 16 << 20;
/// A request that has sent nothing to an upload for so long makes room for another one.
pub const UPLOAD_STALLED_SECONDS: u64 = 3;
/// How long a request waits for another one that is at work on the same upload.
pub const UPLOAD_TURN_SECONDS: u64 = 30;
/// A file or a row of an upload that has lost its counterpart is removed after this time; before, it may be on its way.
pub const UPLOAD_LEFTOVER_SECONDS: i64 = 60 * 60;
/// A connection to an S3 storage must be there within this time.
pub const S3_CONNECT_TIMEOUT_SECONDS: u64 = 10;
/// An S3 storage that says nothing for so long, while 8 MB are sent to it or between two pieces of an answer, is given
/// up.
pub const S3_READ_TIMEOUT_SECONDS: u64 = 120;
/// How often a request to an S3 storage is tried again, and for how long.
pub const S3_RETRIES: usize = 3;
/// See [`S3_RETRIES`].
pub const S3_RETRY_SECONDS: u64 = 30;
/// A request may ask for so many parts of a file; more of them are answered with all of it.
pub const RANGES_MAX: usize = 16;
/// A check of all files reads so many rows or records at a time.
pub const FILES_CHECKED_AT_ONCE: u64 = 1000;
/// A copy of a file that isn't finished after this time will never be.
pub const UNFINISHED_COPY_SECONDS: i64 = 24 * 60 * 60;
/// A picture may have this many bytes to have previews.
pub const PREVIEW_SOURCE_MAX_BYTES: u64 = 64 << 20;
/// A picture may need this many bytes when decoded: 50 megapixels with four channels fit.
pub const PREVIEW_DECODED_MAX_BYTES: u64 = 256 << 20;
/// A preview may have this many pixels.
pub const PREVIEW_MAX_PIXELS: u64 = 16_000_000;
/// One side of a preview may have this many pixels; no more fit into JPEG and GIF.
pub const PREVIEW_MAX_SIDE: u32 = 65_535;
/// Making one preview may take this long; a thread that takes longer is given up.
pub const PREVIEW_MAX_SECONDS: u64 = 30;
/// So many threads that were given up may still run before no others take their place.
pub const PREVIEW_THREADS_GIVEN_UP_MAX: usize = 8;
/// A request waits this long for its preview; then it gets the picture itself.
pub const PREVIEW_WAIT_SECONDS: u64 = 60;
/// So many previews may be waiting to be made; who asks for more gets the pictures themselves.
pub const PREVIEWS_WAITING_MAX: usize = 1000;
/// What can't be made isn't tried again within this time.
pub const PREVIEW_FAILURE_SECONDS: u64 = 3600;
/// Of so many failures that is known.
pub const PREVIEW_FAILURES_REMEMBERED: u64 = 10_000;
/// Of JPEG previews, from 1 to 100.
pub const PREVIEW_JPEG_QUALITY: u8 = 85;
/// Of WebP previews, from 0 to 100.
pub const PREVIEW_WEBP_QUALITY: f32 = 80.0;
/// So many entries of the request log may wait to be written; what comes on top is dropped.
pub const LOG_QUEUE_ENTRIES: usize = 10_000;
/// The same in bytes, about.
pub const LOG_QUEUE_BYTES: usize = 8 << 20;
/// So many of them are written at once without waiting for more.
pub const LOG_FLUSH_ENTRIES: usize = 200;
/// So many warnings and errors of the program may wait to be written to the log; what comes on top is dropped.
pub const LOG_PROGRAM_ENTRIES: usize = 500;
/// So many of them are kept of one second.
pub const LOG_PROGRAM_PER_SECOND: u64 = 50;
/// The name of a backup may have this many bytes.
pub const BACKUP_NAME_MAX_BYTES: usize = 150;
/// A backup may hold this many entries; some hundred bytes of memory are needed for each.
pub const BACKUP_MAX_ENTRIES: u64 = 1_000_000;
/// The name of an entry may have this many bytes.
pub const BACKUP_ENTRY_NAME_MAX_BYTES: usize = 1024;
/// The list of what is in a backup may have this many bytes.
pub const BACKUP_MANIFEST_MAX_BYTES: u64 = 512 << 20;
/// What a backup unpacks to may be so many times as large as the backup; none of ours is more tightly packed.
pub const BACKUP_MAX_RATIO: u64 = 100;
/// What unpacks to no more than this may be packed as tightly as it likes.
pub const BACKUP_RATIO_FREE_BYTES: u64 = 1 << 30;
/// What is shipped by continuous backup is cut into pieces of so many bytes; a longer transaction is in several.
pub const SHIP_PIECE_MAX_BYTES: usize = 8 << 20;
/// One of these pieces, packed or unpacked, has no more bytes than this.
pub const SHIP_SEGMENT_MAX_BYTES: u64 = 32 << 20;
/// When the program ends, it goes on shipping for so long at most.
pub const SHIP_END_SECONDS: u64 = 10;
/// So much of the write-ahead log may wait in memory to be shipped, so that the log itself can start over.
pub const SHIP_KEPT_MAX_BYTES: usize = 64 << 20;
/// The body of a backup that is sent to us may have this many bytes, which is no limit in practice.
pub const BACKUP_UPLOAD_MAX_BYTES: u64 = 1 << 60;

/// Requests that one batch may be allowed to hold.
pub const BATCH_REQUESTS_MAX: i64 = 1_000_000;
/// How long one batch may be allowed to take.
pub const BATCH_TIMEOUT_MAX_SECONDS: i64 = 600;
/// How large the body of one batch may be allowed to be.
pub const BATCH_BODY_MAX_BYTES: i64 = 64 << 30;
/// How many days requests may be kept in the log.
pub const LOG_DAYS_MAX: i64 = 36_500;
/// How much may be kept of what is known of one request.
pub const LOG_DATA_MAX_BYTES: i64 = 16 << 20;
/// The head of a request may have this many bytes where the front stands before the server.
pub const FRONT_HEAD_MAX_BYTES: usize = 64 << 10;
/// Requests that a client may have answered at the same time over one connection of HTTP/2.
pub const FRONT_STREAMS_MAX: u32 = 100;
/// Of an answer over HTTP/2, so much waits until the client takes it.
pub const FRONT_STREAM_BUFFER_BYTES: usize = 64 << 10;
/// So many connections to the server wait for their next request.
pub const FRONT_IDLE_CONNECTIONS: usize = 128;
/// How long a request waits for one, where all that there may be are in use.
pub const FRONT_TURN_SECONDS: u64 = 5;
/// How long connections may still be open after the server has stopped.
pub const FRONT_FAREWELL_SECONDS: u64 = 5;
/// Connections that there may be at the same time where that isn't configured, if the system allows so many.
pub const CONNECTIONS_MAX_BY_DEFAULT: usize = 20_000;
/// Files that the program may have open besides connections.
pub const FILES_BESIDE_CONNECTIONS: u64 = 512;
/// How often the program looks whether certificate files have changed.
pub const TLS_FILES_SECONDS: u64 = 10;
/// Certificate files may have this many bytes.
pub const TLS_FILE_MAX_BYTES: u64 = 1 << 20;
/// An order for a certificate must become ready, and be carried out, within this time each.
pub const ACME_ORDER_SECONDS: u64 = 180;
/// How long the program waits after its first, second, … vain attempt to get a certificate. So there are four within
/// the first hour; Let's Encrypt allows five.
pub const ACME_RETRY_SECONDS: [i64; 6] = [60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600];
/// How long it waits at least when it has asked for too much.
pub const ACME_RATE_LIMITED_SECONDS: i64 = 2 * 3600;
/// An import from another program takes this many collections.
pub const IMPORT_DEFINITIONS_MAX: u64 = 10_000;
/// So many records of an import are written in one transaction.
pub const IMPORT_BATCH_ROWS: usize = 500;
/// The same in bytes, about.
pub const IMPORT_BATCH_BYTES: usize = 4 << 20;
/// One row of a CSV or JSON file may have this many bytes.
pub const IMPORT_ROW_MAX_BYTES: u64 = 32 << 20;
/// So many rows can go in all together or not at all.
pub const IMPORT_WHOLE_MAX_ROWS: usize = 20_000;
/// The same in bytes, about.
pub const IMPORT_WHOLE_MAX_BYTES: usize = 64 << 20;
/// One transaction of an import may take this long; other writers wait meanwhile.
pub const IMPORT_TRANSACTION_SECONDS: u64 = 60;
/// The name of a file that is taken over may have this many bytes, which is what file systems take.
pub const IMPORT_FILE_NAME_MAX_BYTES: usize = 255;
/// What another program notes beside a file is read up to this size.
pub const IMPORT_ATTRIBUTES_MAX_BYTES: u64 = 64 << 10;
