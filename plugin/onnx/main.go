// Command onnx judges the sentiment of posts with a text classifier that was exported to ONNX (a folder with model.onnx,
// tokenizer.json and config.json, as Hugging Face's tools write it) and answers requests over NATS: the plug-in that the
// setting classifier.subject names.
//
// It owns the model, the tokens, and the mapping of the model's labels to negative, neutral and positive. It does not
// choose what it is asked about and keeps no text: package classify on the other side does the first, nobody the second.
// It is a module and a binary of its own, because a runtime for neural networks is larger than all the rest together.
//
// The promise it keeps: it refuses what it cannot answer in time, and a post is judged the same whatever other posts are in
// the request, to within rounding.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"barometer/internal/barometer"
	"barometer/internal/embedded"
	"barometer/internal/service"
)

const (
	exitFailure = 1
	exitUsage   = 2
	grace       = 10 * time.Second
)

// config is the command line.
type config struct {
	model   modelConfig
	name    string
	subject string
	health  string // host:port of /healthz and /readyz, or ""
	check   bool

	url, user, passwordFile, credentials, ca, data string
}

func main() {
	ctx, stop := service.Signals(context.Background())
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case barometer.KindOf(err) == barometer.Invalid:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitFailure)
	}
}

func parse(args []string, out io.Writer) (config, error) {
	var c config
	fs := flag.NewFlagSet("onnx", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&c.model.folder, "model", "", "folder with model.onnx, tokenizer.json and config.json")
	fs.StringVar(&c.model.file, "onnx", "model.onnx", "file of the network in the folder, for exports with several")
	fs.StringVar(&c.model.labels, "labels", "", "how to read the model's labels where their names do not say it: LABEL_0=negative,LABEL_1=neutral,LABEL_2=positive")
	fs.IntVar(&c.model.maxTokens, "max-tokens", 128, "tokens of a post that the model reads, up to what it was built for")
	fs.StringVar(&c.name, "name", "", "name of the model, kept with every judgement (default: the folder's name)")
	fs.StringVar(&c.subject, "subject", "", "NATS subject to listen on (default: barometer.classify.NAME)")
	fs.StringVar(&c.data, "data", "", "data directory of a running `barometer run` on this machine, to use its NATS")
	fs.StringVar(&c.url, "nats", "", "address of an external NATS: nats://host:port or tls://host:port")
	fs.StringVar(&c.user, "user", "", "user at the external NATS")
	fs.StringVar(&c.passwordFile, "password-file", "", "file with the password at the external NATS")
	fs.StringVar(&c.credentials, "credentials", "", ".creds file for the external NATS, instead of user and password")
	fs.StringVar(&c.ca, "ca", "", "PEM file with the authorities to trust (default: the system's)")
	fs.StringVar(&c.health, "health", "", "host:port on which to answer /healthz and /readyz")
	fs.BoolVar(&c.check, "check", false, "load the model, try it, say how fast it is, and stop")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, barometer.Errorf(barometer.Invalid, "%w", err)
	}
	if c.name == "" {
		c.name = filepath.Base(c.model.folder)
	}
	if c.subject == "" {
		c.subject = "barometer.classify." + c.name
	}
	switch {
	case fs.NArg() > 0:
		return c, barometer.Errorf(barometer.Invalid, "%q is one argument too many", fs.Arg(0))
	case c.model.folder == "":
		return c, barometer.Errorf(barometer.Invalid, "-model is missing: give the folder with model.onnx, tokenizer.json and config.json")
	case !nameForm.MatchString(c.name):
		return c, barometer.Errorf(barometer.Invalid, "-name %q: want 1 to 32 letters, digits, - or _", c.name)
	case !c.check && (c.url == "") == (c.data == ""):
		return c, barometer.Errorf(barometer.Invalid, "give either -data (the NATS of `barometer run` on this machine) or -nats (an external one)")
	}
	return c, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	c, err := parse(args, out)
	if err != nil {
		return err
	}
	log := service.NewLogger(out, service.LogConfig{})
	m, err := loadModel(c.model)
	if err != nil {
		return err
	}
	defer m.close()
	start := time.Now()
	if err := m.warm(); err != nil {
		return fmt.Errorf("try the model: %w", err)
	}
	log.Info("model is ready", "model", c.name, "version", m.version, "labels", m.labels.String(), "took", time.Since(start).Round(time.Millisecond))
	if c.check {
		return measure(m, log)
	}
	conn, err := connect(c, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	s, err := newServer(conn, m, c.name, c.subject)
	if err != nil {
		return err
	}
	group := service.NewGroup(log, grace)
	if c.health != "" {
		if err := serveHealth(ctx, group, conn, c.health); err != nil {
			return err
		}
	}
	group.Go("model", s.run)
	log.Info("answering", "subject", c.subject)
	return group.Wait(ctx)
}

// connect waits for the server as long as it takes: it may start after us.
func connect(c config, log *slog.Logger) (*nats.Conn, error) {
	url, user, password := c.url, c.user, ""
	if c.data != "" {
		a, err := embedded.FindNATS(c.data)
		if err != nil {
			return nil, err
		}
		url, user, password = "nats://"+a.HostPort, a.User, a.Password.Reveal()
	}
	if c.passwordFile != "" {
		b, err := os.ReadFile(c.passwordFile)
		if err != nil {
			return nil, barometer.Errorf(barometer.Invalid, "-password-file: %w", err)
		}
		password = strings.TrimSpace(string(b))
	}
	options := []nats.Option{
		nats.Name("barometer classifier " + c.name),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("nats connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("nats connected again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("nats", "error", err) }),
	}
	if user != "" {
		options = append(options, nats.UserInfo(user, password))
	}
	if c.credentials != "" {
		options = append(options, nats.UserCredentials(c.credentials))
	}
	if c.ca != "" {
		options = append(options, nats.RootCAs(c.ca))
	}
	conn, err := nats.Connect(url, options...)
	if err != nil {
		return nil, barometer.Errorf(barometer.Unavailable, "connect to nats: %w", err)
	}
	return conn, nil
}

// serveHealth answers /healthz (the process runs) and /readyz (and NATS is connected; the model was tried before).
func serveHealth(ctx context.Context, group *service.Group, conn *nats.Conn, addr string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return barometer.Errorf(barometer.Invalid, "-health: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !conn.IsConnected() {
			http.Error(w, "nats: not connected", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	group.Go("health", func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // it has nothing to finish
		defer stop()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

// measure logs how many posts of usual length the model judges in a second.
func measure(m *model, log *slog.Logger) error {
	texts := make([]string, 32)
	for i := range texts {
		texts[i] = fmt.Sprintf("Waited %d hours in A&E with my mum last night, nobody told us anything. The nurses were lovely, though.", i)
	}
	start, posts := time.Now(), 0
	for posts == 0 || time.Since(start) < 5*time.Second {
		if _, err := m.classify(texts); err != nil {
			return err
		}
		posts += len(texts)
	}
	log.Info("measured", "posts_per_second", float64(posts)/time.Since(start).Seconds())
	return nil
}
