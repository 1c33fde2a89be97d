import Jobs

/// Whether jobs are taken. Models are loaded before the service listens, so what is left to ask is the store and the pool.
struct Readiness: Sendable {
    enum Status: String, Encodable, CaseIterable {
        case ready
        /// The service is stopping.
        case draining
        /// The job store fails, or does not answer in time.
        case storeUnavailable = "store-unavailable"
    }

    struct Look: Sendable {
        let status: Status
        /// The store in numbers; nil where it does not answer.
        let statistics: JobStatistics?
    }

    let store: JobStore
    let pool: WorkerPool
    /// How long the store may take to answer.
    var patience = Duration.seconds(2)

    func look() async -> Look {
        let statistics = await statistics()
        return Look(status: pool.isDraining ? .draining : statistics == nil ? .storeUnavailable : .ready, statistics: statistics)
    }

    /// The store in numbers; nil where it fails or is too late. An answer that comes later is dropped.
    private func statistics() async -> JobStatistics? {
        let (answers, continuation) = AsyncStream.makeStream(of: JobStatistics?.self)
        let question = Task { continuation.yield(try? await store.perform { store throws(JobError) in try store.statistics() }) }
        let limit = Task {
            try await Task.sleep(for: patience)
            continuation.yield(nil)
        }
        defer {
            question.cancel()
            limit.cancel()
        }
        for await answer in answers { return answer }
        return nil
    }
}
