import Foundation
import HTTP
import Imaging
import Jobs
import Logging

/// The whole service: models, job store, workers and server.
public final class FusionService: Sendable {
    public let configuration: ServiceConfiguration
    let shelf: ModelShelf
    let store: JobStore
    let pool: WorkerPool
    let limits: PNG.Limits
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
        limits = PNG.Limits(maxPixels: configuration.maxPixels)
        var storing = JobStore.Configuration()
        storing.capacity = configuration.queueCapacity
        storing.retention = .seconds(configuration.retentionSeconds)
        store = try JobStore(configuration.store.map { .file($0.path) } ?? .memory, configuration: storing)
        let work = FusionWork(shelf: shelf, limits: limits)
        pool = WorkerPool(
            store, configuration: WorkerPool.Configuration(workers: configuration.workers), onEvent: { logger.log($0) },
            handler: { try work.run($0, $1) })

        var serving = HTTPServer.Configuration(host: configuration.host, port: configuration.port)
        serving.limits.bodyBytes = configuration.maxBodyBytes
        var router = Router()
        router.use(accessLog())
        router.use(compression())
        FusionRoutes(shelf: shelf, store: store, limits: limits, configuration: configuration, stopping: stopping).add(to: &router)
        JobRoutes(store: store).add(to: &router)
        StatusRoutes(shelf: shelf, store: store, pool: pool).add(to: &router)
        server = HTTPServer(configuration: serving, logger: logger, router: router)
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

    /// Stops accepting, lets what runs finish within the grace, hands the rest back to the store.
    ///
    /// A request that waits for its job is answered once no job runs any more, also where its job has not begun.
    public func stop() async {
        let grace = Duration.seconds(configuration.graceSeconds)
        // The handing back and the last answers come after the jobs' grace.
        async let served: Void = server.shutdown(grace: grace + .seconds(5))
        let left = await pool.shutdown(grace: grace)
        stopping.ring()
        await served
        logger.info("Stopped", metadata: ["handed_back": "\(left)"])
    }
}

extension Logger {
    /// What happens to jobs: ids, states and times, never parameters or pixels.
    func log(_ event: WorkerPool.Event) {
        switch event {
        case .started(let job):
            info("Job started", metadata: ["job": "\(job.id)", "attempt": "\(job.attempts)"])
        case .ended(let job):
            let seconds = job.started.flatMap { start in job.finished.map { $0.timeIntervalSince(start) } }
            info(
                "Job ended",
                metadata: [
                    "job": "\(job.id)", "state": "\(job.state.rawValue)", "seconds": "\(seconds.map { String(format: "%.3f", $0) } ?? "-")",
                ])
        case .attemptFailed(let job, let error):
            // Of an error that is not ours only the type: its text may hold a path or what a client has sent.
            let reason = (error as? JobFailure)?.reason.code ?? (error as? JobError)?.description ?? "\(type(of: error))"
            warning("Attempt failed", metadata: ["job": "\(job.id)", "attempt": "\(job.attempts)", "error": "\(reason)"])
        case .leaseLost(let id):
            warning("Lease lost", metadata: ["job": "\(id)"])
        case .erased(let jobs):
            info("Expired jobs erased", metadata: ["jobs": "\(jobs)"])
        case .storeTrouble(let error):
            error.isPassing ? warning("Store trouble: \(error)") : self.error("Store trouble: \(error)")
        }
    }
}
