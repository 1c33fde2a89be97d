import Foundation
import HTTP
import Imaging
import Jobs
import Logging

/// The whole service: models, job store, workers and server.
public final class FusionService: Sendable {
    /// The most columns, and the most rows, of an image.
    static let largestSide = 4096

    public let configuration: ServiceConfiguration
    let shelf: ModelShelf
    let store: JobStore
    let pool: WorkerPool
    let limits: PNG.Limits
    let metrics = ServiceMetrics()
    /// All routes, to be held against the documentation.
    let router: Router
    private let server: HTTPServer
    private let stopping = OnceBell()
    private let logger: Logger

    /// Opens the store and prepares everything but the socket; jobs that a dead process left begin to run.
    ///
    /// - Throws: `ServiceConfiguration.Refusal`, and `JobError` where the store cannot be opened.
    public init(_ configuration: ServiceConfiguration, shelf: ModelShelf, logger: Logger) throws {
        try configuration.check()
        self.configuration = configuration
        self.shelf = shelf
        self.logger = logger
        limits = PNG.Limits(maxPixels: configuration.maxPixels, maxSide: Self.largestSide)
        var storing = JobStore.Configuration()
        storing.capacity = configuration.queueCapacity
        storing.retention = .seconds(configuration.retentionSeconds)
        storing.maximumBytes = configuration.storeBytes > 0 ? configuration.storeBytes : nil
        store = try JobStore(configuration.store.map { .file($0) } ?? .memory, configuration: storing)
        let work = FusionWork(shelf: shelf, limits: limits, metrics: metrics)
        pool = WorkerPool(
            store, configuration: WorkerPool.Configuration(workers: configuration.workers),
            onEvent: { [metrics] event in
                logger.log(event)
                metrics.count(event)
            },
            handler: { [metrics] claimed, context in try metrics.busy.measure { try work.run(claimed, context) } })
        for model in shelf.models {
            metrics.add(model)
            let description = model.fuser.model.description
            logger.info(
                "Model loaded",
                metadata: ["model": "\(description.name)", "modality": "\(description.modality)", "sha256": "\(model.sha256)"])
        }

        let readiness = Readiness(store: store, pool: pool)
        let budget = MemoryBudget(bytes: configuration.uploadMemoryBytes)
        var router = Router()
        router.use(metrics.requests())
        router.use(accessLog())
        router.use(compression())
        router.use(Access(keys: try configuration.accessKeys, isMetricsOpen: configuration.metricsOpen).middleware())
        FusionRoutes(
            shelf: shelf, store: store, pool: pool, limits: limits, configuration: configuration,
            budget: budget, work: BoundedWork(threads: 2, waiting: 256), promises: QueuePromises(workers: configuration.workers),
            stopping: stopping
        ).add(to: &router)
        JobRoutes(store: store, metrics: metrics).add(to: &router)
        EventRoutes(store: store, stopping: stopping).add(to: &router)
        ScoreRoutes(
            limits: limits, maxBodyBytes: configuration.maxBodyBytes, budget: budget, work: BoundedWork(threads: 1, waiting: 16)
        ).add(to: &router)
        StatusRoutes(shelf: shelf, readiness: readiness).add(to: &router)
        MetricsRoutes(metrics: metrics, readiness: readiness, pool: pool, workers: configuration.workers).add(to: &router)
        PageRoutes().add(to: &router)
        self.router = router
        server = HTTPServer(configuration: configuration.serving, logger: logger, router: router)
    }

    /// Listens and serves.
    ///
    /// - Returns: the address with the port that the system picked where the configuration says 0.
    /// - Throws: `SystemError` where the address cannot be bound; jobs that have begun to run are handed back then.
    public func start() async throws -> BoundAddress {
        do {
            return try server.start()
        } catch {
            await pool.shutdown(grace: .zero)
            throw error
        }
    }

    /// Takes no more jobs, lets what runs finish within the grace, hands the rest back to the store, and only then stops serving: until
    /// then jobs can be polled, fetched and cancelled, and `/readyz` says that the service is draining.
    ///
    /// A request that waits for its job is answered once no job runs any more, also where its job has not begun.
    public func stop() async {
        logger.info("Stopping")
        let left = await pool.shutdown(grace: .seconds(configuration.graceSeconds))
        stopping.ring()
        await server.shutdown(grace: .seconds(5))
        logger.info("Stopped", metadata: ["handed_back": .stringConvertible(left)])
    }
}

extension Logger {
    /// What happens to jobs: ids, states and times, never parameters or pixels.
    func log(_ event: WorkerPool.Event) {
        switch event {
        case .started(let job):
            info("Job started", metadata: ["job": "\(job.id)", "attempt": .stringConvertible(job.attempts)])
        case .ended(let job):
            var metadata: Metadata = ["job": "\(job.id)", "state": "\(job.state.rawValue)", "attempt": .stringConvertible(job.attempts)]
            if let start = job.started, let end = job.finished {
                metadata["seconds"] = .stringConvertible((end.timeIntervalSince(start) * 1000).rounded() / 1000)
            }
            info("Job ended", metadata: metadata)
        case .attemptFailed(let job, let error):
            // Of an error that is not ours only the type: its text may hold a path or what a client has sent.
            let reason = (error as? JobFailure)?.reason.code ?? (error as? JobError)?.description ?? "\(type(of: error))"
            warning("Attempt failed", metadata: ["job": "\(job.id)", "attempt": .stringConvertible(job.attempts), "error": "\(reason)"])
        case .leaseLost(let id):
            warning("Lease lost", metadata: ["job": "\(id)"])
        case .erased(let jobs):
            info("Expired jobs erased", metadata: ["jobs": .stringConvertible(jobs)])
        case .storeTrouble(let error):
            error.isPassing ? warning("Store trouble: \(error)") : self.error("Store trouble: \(error)")
        }
    }
}
