import Foundation
import HTTP
import Jobs

/// GET /metrics.
struct MetricsRoutes: Sendable {
    let metrics: ServiceMetrics
    let readiness: Readiness
    let pool: WorkerPool
    let workers: Int

    func add(to router: inout Router) {
        router.get("/metrics") { _ in
            await look()
            return Response.bytes(Array(metrics.registry.text.utf8), type: PrometheusText.mediaType)
        }
    }

    /// Brings up to date what is looked up rather than counted. Where the store does not answer, its gauges keep their last values.
    private func look() async {
        let look = await readiness.look()
        metrics.set("amalgam_ready", look.status == .ready ? 1 : 0)
        if let statistics = look.statistics {
            metrics.set("amalgam_jobs_queued", Double(statistics.counts[.queued] ?? 0))
            metrics.set("amalgam_jobs_running", Double(statistics.counts[.running] ?? 0))
            metrics.set("amalgam_jobs_oldest_queued_seconds", statistics.oldestQueued.map { max(0, Date().timeIntervalSince($0)) } ?? 0)
            metrics.set("amalgam_store_bytes", Double(statistics.bytes))
        }
        metrics.set("amalgam_workers", Double(workers))
        metrics.set("amalgam_workers_busy", Double(pool.busyWorkers))
        metrics.raise("amalgam_worker_busy_seconds_total", to: metrics.busy.seconds)

        let process = ProcessStatus()
        metrics.raise("process_cpu_seconds_total", to: process.cpuSeconds)
        for (name, value) in [
            ("process_resident_memory_bytes", process.residentBytes), ("process_open_fds", process.openDescriptors),
            ("process_start_time_seconds", process.startTime),
        ] {
            if let value { metrics.set(name, value) }
        }
    }
}
