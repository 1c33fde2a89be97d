import CoreMetrics
import Foundation
import Testing

@testable import Service

/// The registry behind /metrics.
@Suite struct MetricsRegistryTests {
    @Test func exposition_IsTheTextFormat() {
        let registry = PrometheusRegistry([
            MetricDescription("requests_total", .counter, "Requests.\nBy \\ path."),
            MetricDescription("wait_seconds", .histogram([0.5, 1]), "Waits."),
            MetricDescription("unused", .gauge, "Never set."),
        ])
        Counter(label: "requests_total", dimensions: [("route", "/b"), ("method", "GET")], factory: registry).increment(by: 2)
        Counter(label: "requests_total", dimensions: [("method", "GET"), ("route", "/b")], factory: registry).increment()
        Counter(label: "requests_total", dimensions: [("method", "GET"), ("route", "/\"a\\\n")], factory: registry).increment()
        for seconds in [0.25, 0.5, 0.75, 4] { Timer(label: "wait_seconds", factory: registry).recordSeconds(seconds) }
        Gauge(label: "depth", factory: registry).record(2.5)
        Gauge(label: "depth", factory: registry).record(-1)
        let meter = Meter(label: "level", factory: registry)
        meter.set(4)
        meter.decrement(by: 0.5)
        FloatingPointCounter(label: "work_seconds_total", factory: registry).increment(by: 0.125)
        #expect(
            registry.text == #"""
                # TYPE depth gauge
                depth -1
                # TYPE level gauge
                level 3.5
                # HELP requests_total Requests.\nBy \\ path.
                # TYPE requests_total counter
                requests_total{method="GET",route="/\"a\\\n"} 1
                requests_total{method="GET",route="/b"} 3
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.5"} 2
                wait_seconds_bucket{le="1"} 3
                wait_seconds_bucket{le="+Inf"} 4
                wait_seconds_sum 5.5
                wait_seconds_count 4
                # TYPE work_seconds_total counter
                work_seconds_total 0.125

                """#)
    }

    @Test(arguments: [(3.0, "3"), (-0.5, "-0.5"), (1e300, "1e+300"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf")])
    func numbers_AreThoseOfGo(_ value: Double, _ text: String) { #expect(PrometheusText.number(value) == text) }

    @Test func busyTime_RunsWhileSomethingIsAtWork() throws {
        let busy = BusyTime()
        #expect(busy.seconds == 0)
        let outside = ContinuousClock.now
        let (inside, during) = busy.measure {
            let start = ContinuousClock.now
            let before = busy.seconds
            while busy.seconds < before + 0.002 {}
            return (ContinuousClock.now - start, busy.seconds)
        }
        let total = busy.seconds
        #expect(during >= 0.002 && total >= inside.inSeconds && total <= (ContinuousClock.now - outside).inSeconds)
        #expect(busy.seconds == total, "at rest it stands still")
        try #require(throws: CocoaError.self) { try busy.measure { throw CocoaError(.featureUnsupported) } }
        let failed = busy.seconds
        #expect(busy.seconds == failed, "work that failed is over")
    }

    @Test func totals_GiveTheirGrowth() {
        let totals = Totals()
        #expect([3, 3, 5.5, 5].map { totals.growth(of: "a", to: $0) } == [3, 0, 2.5, 0])
        #expect(totals.growth(of: "b", to: 1) == 1)
    }

    @Test func processStatus_IsOfThisProcess() throws {
        let status = ProcessStatus()
        let now = Date().timeIntervalSince1970
        let (start, resident) = (try #require(status.startTime), try #require(status.residentBytes))
        #expect(start < now && start > now - 7 * 24 * 3600)
        #expect(resident > 1e6 && resident < 1e12)
        #expect(try #require(status.openDescriptors) >= 3)
        #expect(status.cpuSeconds > 0)
    }

    @Test func names_FollowTheConventions() {
        for metric in ServiceMetrics.descriptions {
            #expect(metric.name.wholeMatch(of: /(amalgam|process)_[a-z_]+/) != nil && !metric.help.isEmpty, "\(metric.name)")
            #expect(metric.name.hasSuffix("_total") == (metric.kind.word == "counter"), "\(metric.name)")
            if metric.kind.word == "histogram" { #expect(metric.name.hasSuffix("_seconds"), "\(metric.name)") }
        }
    }
}

/// /metrics of a running service.
@Suite struct MetricsTests {
    /// The value of a sample, by its name and labels as they are written.
    private func value(_ sample: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }.flatMap { Double($0.dropFirst(sample.count + 1)) }
    }

    @Test func scrape_CountsWhatHappened() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(in: folder) { service in
            func scrape() async throws -> String { String(decoding: try await service.get("/metrics").body, as: UTF8.self) }
            let fresh = try await scrape()
            for state in ["succeeded", "failed", "cancelled"] {
                #expect(value("amalgam_jobs_ended_total{state=\"\(state)\"}", in: fresh) == 0)
            }
            for _ in 0..<2 { #expect(try await service.submit(pair, "steps=3", headers: ["Prefer: wait=60"]).state == "succeeded") }
            #expect(try await service.fuse(["mri=@\(pair.mri)"]).status == 400)
            #expect(try await service.get("/nowhere").status == 404)
            let endless = try await service.submitEndless(pair)
            let waiting = try await service.submit(pair).id
            let busy = try await scrape()
            #expect(value("amalgam_jobs_queued", in: busy) == 1 && value("amalgam_jobs_running", in: busy) == 1)
            #expect(value("amalgam_workers", in: busy) == 1 && value("amalgam_workers_busy", in: busy) == 1)
            #expect(try #require(value("amalgam_jobs_oldest_queued_seconds", in: busy)) > 0)
            _ = try await (service.delete(waiting), service.delete(endless))
            _ = try await service.finished(endless)
            // The worker counts a job after the store has it.
            let text = try await poll("both cancellations") {
                let text = try await scrape()
                return value(#"amalgam_jobs_ended_total{state="cancelled"}"#, in: text) == 2 ? text : nil
            }
            #expect(value(#"amalgam_jobs_ended_total{state="succeeded"}"#, in: text) == 2)
            #expect(value(#"amalgam_http_requests_total{method="POST",route="/v1/fusions",status="200"}"#, in: text) == 2)
            #expect(value(#"amalgam_http_requests_total{method="POST",route="/v1/fusions",status="202"}"#, in: text) == 2)
            #expect(value(#"amalgam_http_requests_total{method="POST",route="/v1/fusions",status="400"}"#, in: text) == 1)
            #expect(value(#"amalgam_http_requests_total{method="GET",route="none",status="404"}"#, in: text) == 1)
            #expect(value(#"amalgam_http_request_duration_seconds_count{method="POST",route="/v1/fusions"}"#, in: text) == 5)
            #expect(value("amalgam_job_queue_seconds_count", in: text) == 3 && value("amalgam_job_inference_seconds_count", in: text) == 2)
            #expect(try #require(value("amalgam_sampling_steps_total", in: text)) > 6)
            #expect(try #require(value("amalgam_worker_busy_seconds_total", in: text)) > 0)
            #expect(try #require(value("amalgam_store_bytes", in: text)) > 4096)
            #expect(value("amalgam_ready", in: text) == 1 && value("amalgam_jobs_queued", in: text) == 0)
            #expect(value("amalgam_build_info{version=\"\(Version.text)\"}", in: text) == 1)
            for sample in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_start_time_seconds"] {
                #expect(try #require(value(sample, in: text)) > 0, "\(sample)")
            }
            let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
            #expect(Set(names) == Set(ServiceMetrics.descriptions.map(\.name)), "what is exposed is described, and the other way round")
            #expect(!text.contains(endless) && !text.contains("nowhere"), "no label holds what a client made up")
        }
    }

    @Test(.enabled(if: Tool.promtool.isInstalled, "promtool is not installed: apt-get install prometheus"))
    func scrape_PassesPromtool() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(in: folder) { service in
            _ = try await service.submit(pair, headers: ["Prefer: wait=60"])
            let answer = try await service.get("/metrics")
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            try folder.write(answer.body, to: "metrics")
            let outcome = try await Program(URL(filePath: "/bin/sh"), ["-c", "promtool check metrics < metrics"], in: folder).outcome()
            #expect(outcome.hasSucceeded && outcome.output.isEmpty && outcome.error.isEmpty, "\(outcome)")
        }
    }
}
