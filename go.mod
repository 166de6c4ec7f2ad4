module barometer

go 1.26.0

require (
	github.com/ClickHouse/clickhouse-go/v2 v2.50.0 // the store speaks the native protocol; the vendor's client (Apache-2.0)
	github.com/blevesearch/snowballstem v0.9.0 // Snowball stemmers for all our languages; generated code that needs no upkeep (BSD-3)
	github.com/chromedp/cdproto v0.159.0 // the protocol types of chromedp (tests only)
	github.com/chromedp/chromedp v0.22.1 // drives a real browser in tests; pure Go (MIT, tests only)
	github.com/danielgtaylor/huma/v2 v2.37.2 // OpenAPI 3.1 and problem documents from handler types on the standard mux (MIT)
	github.com/dghubble/go-twitter v0.0.0-20221104224141-912508c3888b // types of the v1.1 API, whose exports people still hold; only decoding is used (MIT)
	github.com/ebitengine/purego v0.11.3 // loads the ClickHouse library without cgo (Apache-2.0)
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // decodes the stream twice as fast as encoding/json; the coming encoding/json/v2 (BSD-3)
	github.com/goccy/go-yaml v1.19.2 // YAML with positions in its errors, for configuration that says where it is wrong (MIT)
	github.com/google/jsonschema-go v0.4.3 // checks events against their published schemas (MIT, tests only)
	github.com/klauspost/compress v1.20.3 // S2 and zstd for what is carried and kept (BSD-3)
	github.com/mmcdole/gofeed v1.4.2 // RSS, Atom and JSON Feed as they are found in the wild (MIT)
	github.com/nats-io/nats-server/v2 v2.15.2 // the embedded stream engine (Apache-2.0)
	github.com/nats-io/nats.go v1.55.0 // its client (Apache-2.0)
	github.com/nyaruka/phonenumbers v1.8.1 // which digits are a telephone number, country by country (MIT)
	github.com/parquet-go/parquet-go v0.32.0 // Parquet exports for analysts (Apache-2.0)
	github.com/prometheus/client_golang v1.25.0 // metrics as operators expect them (Apache-2.0)
	github.com/temoto/robotstxt v1.1.2 // reads robots.txt as its specification and Google's practice have it (MIT)
	golang.org/x/net v0.62.0 // HTML tokens and character sets (BSD-3)
	golang.org/x/sync v0.24.0 // collapses equal requests in flight (BSD-3)
	golang.org/x/text v0.43.0 // Unicode normalisation and language names (BSD-3)
)

require (
	github.com/ClickHouse/ch-go v0.74.0 // indirect
	github.com/andybalholm/brotli v1.2.6 // indirect
	github.com/antithesishq/antithesis-sdk-go v0.8.0-default-no-op // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cenkalti/backoff/v4 v4.3.0 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/dghubble/sling v1.4.0 // indirect
	github.com/go-faster/city v1.0.1 // indirect
	github.com/go-faster/errors v0.7.1 // indirect
	github.com/google/go-querystring v1.1.0 // indirect
	github.com/google/go-tpm v0.9.8 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/minio/highwayhash v1.0.4 // indirect
	github.com/mmcdole/goxpp/v2 v2.0.0 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/nats-io/jwt/v2 v2.8.2 // indirect
	github.com/nats-io/nkeys v0.4.16 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/parquet-go/bitpack v1.0.0 // indirect
	github.com/parquet-go/jsonlite v1.0.0 // indirect
	github.com/paulmach/orb v0.13.0 // indirect
	github.com/pierrec/lz4/v4 v4.1.27 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/shopspring/decimal v1.5.0 // indirect
	github.com/twpayne/go-geom v1.6.1 // indirect
	go.opentelemetry.io/otel v1.47.0 // indirect
	go.opentelemetry.io/otel/trace v1.47.0 // indirect
	golang.org/x/crypto v0.58.0 // bcrypt for the embedded NATS (BSD-3)
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
