// cAdvisor's own library with the flags and pages that mcpmon uses, for the lab: the module of cAdvisor's command is
// in no module proxy. It has no web UI; what it measures, and how, is cAdvisor's.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/google/cadvisor/lib/cache/memory"
	"github.com/google/cadvisor/lib/container"
	"github.com/google/cadvisor/lib/manager"
	"github.com/google/cadvisor/lib/metrics"
	"github.com/google/cadvisor/lib/model"
	"github.com/google/cadvisor/lib/utils/sysfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/utils/clock"

	_ "github.com/google/cadvisor/container/docker/install"
)

func main() {
	off := container.MetricSet{}
	flag.Var(&off, "disable_metrics", "kinds of metrics that are not wanted, separated by commas")
	labels := flag.Bool("store_container_labels", true, "keep the labels of containers")
	port := flag.Int("port", 8080, "port to listen on")
	flag.Parse()

	wanted := container.AllMetrics.Difference(off)
	all, err := manager.New(memory.New(2*time.Minute, nil), sysfs.NewRealSysFs(), manager.HousekeepingConfigFlags, wanted,
		[]string{""}, nil, "", 0)
	if err != nil {
		log.Fatal(err)
	}
	if err := all.Start(); err != nil {
		log.Fatal(err)
	}

	names := metrics.DefaultContainerLabels
	if !*labels {
		names = metrics.BaseContainerLabels(nil)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		metrics.NewPrometheusCollector(all, names, wanted, clock.RealClock{}, model.RequestOptions{IdType: "name", Count: 1, Recursive: true}),
		metrics.NewPrometheusMachineCollector(all, wanted),
	)
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	http.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprint(answer, "ok") })
	log.Printf("listening on port %d", *port)
	log.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", *port), nil))
}
