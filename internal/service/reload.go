package service

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// OnReload calls reload for each SIGHUP until ctx ends; it is a part for Group.Go. A failed reload keeps what was there
// and says so in the log. Signals that arrive during a reload count as one.
func OnReload(ctx context.Context, log *slog.Logger, reload func(context.Context) error) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hup:
			if err := reload(ctx); err != nil {
				log.Error("reload failed, the configuration in use is unchanged", "error", err)
				continue
			}
			log.Info("configuration reloaded")
		}
	}
}
