import CoreMetrics
import Foundation
import HTTP
import Jobs

/// What the service counts, by the names that an operator sees.
struct ServiceMetrics: Sendable {
    let registry = PrometheusRegistry(Self.descriptions)
    /// How long workers have been at work.
    let busy = BusyTime()
    let steps: Counter
    let inference: CoreMetrics.Timer
    private let totals = Totals()
    private let queueSeconds: CoreMetrics.Timer
    private let failedAttempts: Counter
    private let ended: [Job.State: Counter]

    static let descriptions = [
        MetricDescription(
            "amalgam_http_requests_total", .counter, "Requests that the router answered, by method, route template and status."),
        MetricDescription(
            "amalgam_http_request_duration_seconds", .requestSeconds,
            "Seconds from a request's head to the head of its answer, by method and route template."),
        MetricDescription("amalgam_jobs_queued", .gauge, "Jobs that wait."),
        MetricDescription("amalgam_jobs_running", .gauge, "Jobs that run."),
        MetricDescription(
            "amalgam_jobs_oldest_queued_seconds", .gauge, "How long the job that waits longest has waited; 0 where none waits."),
        MetricDescription("amalgam_jobs_ended_total", .counter, "Jobs that reached a final state, by that state."),
        MetricDescription("amalgam_job_attempts_failed_total", .counter, "Attempts at jobs that ended in an error."),
        MetricDescription("amalgam_job_queue_seconds", .jobSeconds, "Seconds that jobs waited for their first attempt."),
        MetricDescription("amalgam_job_inference_seconds", .jobSeconds, "Seconds that fusions took in the networks, without scoring."),
        MetricDescription("amalgam_sampling_steps_total", .counter, "Sampling steps begun."),
        MetricDescription("amalgam_workers", .gauge, "Workers: jobs that can run at once."),
        MetricDescription("amalgam_workers_busy", .gauge, "Workers that are at work."),
        MetricDescription(
            "amalgam_worker_busy_seconds_total", .counter,
            "Seconds at work, summed over the workers: its rate divided by amalgam_workers is the busy share."),
        MetricDescription("amalgam_store_bytes", .gauge, "Size of the job store's database, free pages included."),
        MetricDescription("amalgam_ready", .gauge, "1 where the service is ready to take jobs, else 0."),
        MetricDescription("amalgam_model_info", .gauge, "Always 1: a loaded model, by name, pair and SHA-256 of its file."),
        MetricDescription("amalgam_build_info", .gauge, "Always 1: the program's version."),
        MetricDescription("process_resident_memory_bytes", .gauge, "Resident memory."),
        MetricDescription("process_cpu_seconds_total", .counter, "Seconds of processor time, user and system."),
        MetricDescription("process_open_fds", .gauge, "Open file descriptors."),
        MetricDescription("process_start_time_seconds", .gauge, "Start of the process, in seconds since 1970."),
    ]

    init() {
        let registry = registry
        steps = Counter(label: "amalgam_sampling_steps_total", factory: registry)
        inference = Timer(label: "amalgam_job_inference_seconds", factory: registry)
        queueSeconds = Timer(label: "amalgam_job_queue_seconds", factory: registry)
        failedAttempts = Counter(label: "amalgam_job_attempts_failed_total", factory: registry)
        // There from the start, so that the first rise is seen as one.
        ended = Dictionary(
            uniqueKeysWithValues: Job.State.allCases.filter(\.isFinal).map { state in
                (state, Counter(label: "amalgam_jobs_ended_total", dimensions: [("state", state.rawValue)], factory: registry))
            })
        set("amalgam_build_info", 1, [("version", Version.text)])
    }

    /// Sets a gauge.
    func set(_ name: String, _ value: Double, _ labels: [(String, String)] = []) {
        Gauge(label: name, dimensions: labels, factory: registry).record(value)
    }

    /// Names a loaded model.
    func add(_ model: LoadedModel) {
        let description = model.fuser.model.description
        set(
            "amalgam_model_info", 1,
            [("name", description.name), ("pair", "mri-\(description.modality.rawValue)"), ("sha256", model.sha256)])
    }

    /// Brings a counter up to a total that is kept elsewhere.
    func raise(_ name: String, to total: Double) {
        FloatingPointCounter(label: name, factory: registry).increment(by: totals.growth(of: name, to: total))
    }

    /// Counts a job that reached a final state.
    func jobEnded(_ state: Job.State) { ended[state]?.increment() }

    /// Counts what happens in the worker pool.
    func count(_ event: WorkerPool.Event) {
        switch event {
        case .started(let job):
            if job.attempts == 1, let started = job.started { queueSeconds.recordSeconds(started.timeIntervalSince(job.created)) }
        case .ended(let job): jobEnded(job.state)
        case .attemptFailed: failedAttempts.increment()
        case .leaseLost, .erased, .storeTrouble: break
        }
    }

    /// Counts every answer of a router. Only the route's template is kept: a path may hold anything.
    func requests() -> Middleware {
        Middleware(after: { request, response in
            let labels = [
                ("method", request.method.isImplemented ? request.method.rawValue : "other"), ("route", request.route ?? "none"),
            ]
            let timer = Timer(label: "amalgam_http_request_duration_seconds", dimensions: labels, factory: registry)
            timer.recordSeconds((ContinuousClock.now - request.begun).inSeconds)
            Counter(
                label: "amalgam_http_requests_total", dimensions: labels + [("status", "\(response.status.rawValue)")], factory: registry
            ).increment()
        })
    }
}
