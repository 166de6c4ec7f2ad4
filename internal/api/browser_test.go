package api

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"barometer/internal/barometer"
)

var shots = flag.String("shots", "", "folder to save pictures of the pages in")

// startBrowser starts a headless Chromium that ends with the test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	var path string
	var err error
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("the tests of the pages need Chromium on the PATH: %v", err)
	}
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	opts = append(opts, chromedp.ExecPath(path), chromedp.DisableGPU)
	for _, name := range []string{"disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		opts = append(opts, chromedp.Flag(name, true))
	}
	if os.Getuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// TestDashboard looks at the pages as people do.
func TestDashboard(t *testing.T) {
	browser := startBrowser(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"pages": testPages, "chart by keyboard": testChart, "filters without script": testFilters, "judging without script": testJudging, "live strip": testLive,
	} {
		t.Run(name, func(t *testing.T) { test(t, browser) })
	}
}

// visit is an open page that fails the test for anything the browser complains about.
type visit struct {
	t   *testing.T
	ctx context.Context
	url string

	mu         sync.Mutex
	complaints []string
}

func newVisit(t *testing.T, browser context.Context, s *Server, width, height int64) *visit {
	t.Helper()
	v := &visit{t: t, url: serve(t, s)}
	var cancel context.CancelFunc
	v.ctx, cancel = chromedp.NewContext(browser)
	t.Cleanup(cancel)
	v.do(chromedp.EmulateViewport(width, height))
	v.ctx, cancel = context.WithTimeout(v.ctx, 3*time.Minute) // a busy machine
	t.Cleanup(cancel)
	if err := chromedp.Listen(v.ctx, v.hear); err != nil {
		t.Fatal(err)
	}
	command(v, log.Enable, cdp.Empty{})
	return v
}

func (v *visit) hear(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		v.complaints = append(v.complaints, string(e.Entry.Level)+": "+e.Entry.Text+" "+e.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		v.complaints = append(v.complaints, "console."+string(e.Type))
	case *runtime.EventExceptionThrown:
		v.complaints = append(v.complaints, e.ExceptionDetails.Text)
	}
}

func command[P, R any](v *visit, c cdp.Command[P, R], params P) {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, c, params); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visit) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visit) open(path string) { v.t.Helper(); v.do(chromedp.Navigate(v.url + path)) }

func eval[T any](v *visit, js string) T {
	v.t.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		v.t.Fatalf("%s: %v", js[:min(len(js), 80)], err)
	}
	return got
}

// soon waits until the page says yes.
func (v *visit) soon(js string) {
	v.t.Helper()
	if _, err := chromedp.Run(v.ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		v.t.Fatalf("%s: %v", js, err)
	}
}

// press types keys on the page as a person without a mouse would.
func (v *visit) press(keys ...string) {
	v.t.Helper()
	for _, k := range keys {
		v.do(chromedp.KeyEvent(k))
	}
}

func (v *visit) quiet() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.complaints {
		v.t.Errorf("the browser complains: %s", c)
	}
}

// shoot saves the first screen and the whole page.
func (v *visit) shoot(name string) {
	v.t.Helper()
	if *shots == "" {
		return
	}
	for suffix, picture := range map[string]chromedp.Action[[]byte]{"": chromedp.CaptureScreenshot(), "-whole": chromedp.FullScreenshot(100)} {
		png, err := chromedp.Run(v.ctx, picture)
		if err == nil {
			err = os.WriteFile(filepath.Join(*shots, name+suffix+".png"), png, 0o600)
		}
		if err != nil {
			v.t.Fatal(err)
		}
	}
}

// axe returns the accessibility checker, a script for the browser.
var axe = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("../../node_modules/axe-core/axe.min.js")
	return string(b), err
})

// accessible checks all rules of axe: WCAG 2.2 A and AA, and its best practices.
func (v *visit) accessible() {
	v.t.Helper()
	script, err := axe()
	if err != nil {
		v.t.Fatalf("axe-core comes with npm ci: %v", err)
	}
	v.do(chromedp.Evaluate[chromedp.Void](script))
	for _, violation := range eval[[]string](v, `axe.run(document).then(r => r.violations.map(v => v.id + ": " + v.help + "\n" +
		v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + "\n" + n.failureSummary).join("\n")))`) {
		v.t.Errorf("not accessible: %s", violation)
	}
}

// serve runs the server on a port of the loopback until the test ends.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

func testPages(t *testing.T, browser context.Context) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	pages := map[string]string{
		"issues":       "/o/marram/issues",
		"issue":        "/o/marram/issues/a17e00c4b2d9",
		"issue-watch":  "/o/marram/issues/b2c0ffee0001",
		"issue-over":   "/o/marram/issues/c3d00d1e0002",
		"issue-then":   "/o/marram/issues/a17e00c4b2d9?at=2026-11-19T08:00:00Z",
		"no-issues":    "/o/kelo/issues",
		"overview":     "/o/marram",
		"overview-24h": "/o/marram?period=24h",
		"overview-90d": "/o/marram?period=90d",
		"mentions":     "/o/marram/mentions",
		"found":        "/o/marram/mentions?q=waited&sentiment=negative&min_severity=2&copies=first",
		"none":         "/o/marram/mentions?q=zebra",
		"mention":      "/o/marram/mentions/" + held.rows[4].ID.String(),
		"sources":      "/o/marram/sources",
		"empty":        "/o/kelo",
		"home":         "/",
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1280, 900}, {"phone", 360, 740}} {
		for name, path := range pages {
			t.Run(size.name+"/"+name, func(t *testing.T) {
				v := newVisit(t, browser, newServer(t, Config{}, held), size.width, size.height)
				v.open(path)
				v.shoot(name + "-" + size.name)
				if wide := eval[int](v, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
					t.Errorf("the page is %d pixels wider than the screen", wide)
				}
				if foreign := eval[[]string](v, `performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin))`); len(foreign) > 0 {
					t.Errorf("the page loads %v from elsewhere", foreign)
				}
				v.accessible()
				v.quiet()
			})
		}
	}
}

func testChart(t *testing.T, browser context.Context) {
	v := newVisit(t, browser, newServer(t, Config{}, newMemory(fixedNow)), 1280, 900)
	v.open("/o/marram")
	const focused = `document.activeElement.getAttribute("aria-label") ?? ""`
	for range 60 {
		v.press(kb.Tab)
		if strings.Contains(eval[string](v, focused), "20 November") {
			break
		}
	}
	if got := eval[string](v, focused); !strings.HasPrefix(got, "Friday 20 November: ") || !strings.HasSuffix(got, "(so far)") {
		t.Fatalf("tabbing ends on %q, want today's bar", got)
	}
	v.press(kb.ArrowLeft)
	if got := eval[string](v, focused); !strings.HasPrefix(got, "Thursday 19 November: ") {
		t.Errorf("left of today is %q", got)
	}
	v.press(kb.Home)
	if got := eval[string](v, focused); !strings.HasPrefix(got, "Saturday 14 November: ") {
		t.Errorf("the first bar is %q", got)
	}
	count := eval[string](v, `(`+focused+`).match(/: (\d+) mention/)[1]`)
	if _, err := chromedp.RunResponse(v.ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	if got := eval[int](v, `document.querySelectorAll(".mention").length`); fmt.Sprint(got) != count {
		t.Errorf("the bar says %s mentions, its list has %d", count, got)
	}
	v.quiet()
}

func testFilters(t *testing.T, browser context.Context) {
	v := newVisit(t, browser, newServer(t, Config{}, newMemory(fixedNow)), 360, 740)
	command(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	v.open("/o/marram/mentions")
	v.do(chromedp.SetValue(chromedp.CSS("#q"), `"Waited six"`))
	v.do(chromedp.Click(chromedp.CSS(".filters summary")))
	v.do(chromedp.SetValue(chromedp.CSS("#sentiment"), "negative"))
	if _, err := chromedp.RunResponse(v.ctx, chromedp.Click(chromedp.CSS(".filters__go button"))); err != nil {
		t.Fatal(err)
	}
	where, err := chromedp.Run(v.ctx, chromedp.Location())
	if err != nil || !strings.Contains(where, "q=%22Waited+six%22") || !strings.Contains(where, "sentiment=negative") {
		t.Fatalf("the form went to %s (%v)", where, err)
	}
	text, err := chromedp.Run(v.ctx, chromedp.Text(chromedp.CSS(".mentions")))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "Waited six hours") || strings.Contains(text, "Parking") {
		t.Errorf("the list is not what was searched: %.200s", text)
	}
	marked, err := chromedp.Run(v.ctx, chromedp.Text(chromedp.CSS("mark.search")))
	if err != nil || marked != "Waited six" {
		t.Errorf("marked %q (%v)", marked, err)
	}
	v.quiet()
}

func testLive(t *testing.T, browser context.Context) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{}, held)
	s.now = time.Now
	v := newVisit(t, browser, s, 1280, 900)
	v.open("/o/marram")
	v.soon(`document.getElementById("live-state").textContent.startsWith("Live")`)
	fresh := row(4, time.Now())
	fresh.ID, fresh.Title = barometer.DeriveID("test", "fresh"), `<img src=x onerror="console.log(1)"> bed crisis`
	held.add(fresh)
	v.soon(`document.querySelector("#live li").textContent.includes("bed crisis")`)
	if got := eval[int](v, `document.querySelectorAll("#live li").length`); got != 6 {
		t.Errorf("the strip has %d entries, want %d", got, 6)
	}
	v.do(chromedp.Click(chromedp.CSS("#live-state button")))
	v.soon(`document.getElementById("live-state").textContent.startsWith("Paused")`)
	v.accessible()
	v.quiet()
}

// testJudging gives a verdict and corrects a mention as somebody without script does.
func testJudging(t *testing.T, browser context.Context) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	v := newVisit(t, browser, newServer(t, Config{}, held), 360, 740)
	command(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	v.open("/o/marram/issues/a17e00c4b2d9")
	v.do(chromedp.Click(chromedp.CSS("#verdict-known")))
	v.do(chromedp.SetValue(chromedp.CSS("#reason"), "The engineer is there."))
	if _, err := chromedp.RunResponse(v.ctx, chromedp.Click(chromedp.CSS(".judge button"))); err != nil {
		t.Fatal(err)
	}
	says := func(selector, want string) {
		t.Helper()
		text, err := chromedp.Run(v.ctx, chromedp.Text(chromedp.CSS(selector)))
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%s says %q, want %q (%v)", selector, text, want, err)
		}
	}
	says("[aria-labelledby=verdict]", "The engineer is there.")
	v.open("/o/marram/mentions/" + held.rows[4].ID.String())
	v.do(chromedp.Click(chromedp.CSS("[aria-labelledby=correct] summary")))
	v.do(chromedp.SetValue(chromedp.CSS("#value-sentiment"), "positive"))
	v.shoot("correcting-phone")
	if _, err := chromedp.RunResponse(v.ctx, chromedp.Click(chromedp.CSS(".judge button"))); err != nil {
		t.Fatal(err)
	}
	says("[aria-labelledby=correct]", "Sentiment: positive")
	v.shoot("corrected-phone")
	if len(held.verdicts) != 2 || len(held.corrections) != 1 {
		t.Errorf("%d verdicts and %d corrections are kept", len(held.verdicts), len(held.corrections))
	}
	v.quiet()
}
