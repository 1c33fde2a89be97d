import Foundation
import Fusion
import HTTP
import Jobs
import Logging
import Scores
import Testing
import Yams

@testable import Service

/// The OpenAPI document, held against the code.
@Suite struct OpenAPITests {
    private let document: JSON
    private let schema: JSONSchema

    init() throws {
        document = try YAMLDecoder().decode(JSON.self, from: String(decoding: PackageResources.openapi_yaml, as: UTF8.self))
        schema = JSONSchema(document: document)
    }

    private func component(_ name: String) -> JSON { document["components"]["schemas"][name] }
    private func names(_ schema: JSON) -> Set<String> { Set(schema["properties"].members.keys) }
    private func words(_ schema: JSON) -> Set<String> { Set(schema["enum"].list.compactMap(\.text)) }

    @Test func routes_AreThoseOfTheRouter() async throws {
        var configuration = ServiceConfiguration()
        configuration.data = nil
        let service = try FusionService(
            configuration, shelf: ModelShelf(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let written = document["paths"].members.flatMap { path, item in
            item.members.keys.filter { $0 != "parameters" }.map { "\($0.uppercased()) \(path)" }
        }
        #expect(Set(written) == Set(service.router.routes.map { "\($0.method) \($0.pattern)" }))
        #expect(document["info"]["version"].text == Version.text)
        await service.stop()
    }

    @Test func operations_HaveAnIdEach_AndAnswerWithProblems() {
        let operations = document["paths"].members.values.flatMap { $0.members.filter { $0.key != "parameters" }.values }
        #expect(Set(operations.map { $0["operationId"].text }).count == operations.count)
        for operation in operations {
            #expect(
                operation["summary"].text?.isEmpty == false && operation["responses"]["default"] != .null, "\(operation["operationId"])")
            for (status, response) in operation["responses"].members where status == "default" || Int(status)! >= 400 && status != "503" {
                let response = response["$ref"].text.map(schema.resolve) ?? response
                #expect(response["content"].members.keys.contains("application/problem+json"), "\(operation["operationId"]) \(status)")
            }
        }
    }

    @Test func problems_AreThoseOfTheCode() {
        let type = component("Problem")["properties"]["type"]
        #expect(words(type) == Set(ProblemType.allCases.map(\.rawValue) + ["about:blank"]))
        for problem in ProblemType.allCases {
            let row = "| `\(problem.rawValue)` | \(problem.meaning) |\n"
            #expect(type["description"].text?.contains(row) == true, "\(problem) is explained")
        }
        #expect(names(component("Problem")) == ["type", "title", "status", "detail", "field"])
    }

    @Test func forms_AreThoseOfTheCode() {
        let modalities = Modality.allCases.map(\.rawValue)
        #expect(names(component("FusionForm")) == Set(["mri"] + modalities + FusionForm.optionNames))
        #expect(names(component("ScoreForm")) == Set(["mri", "fused"] + modalities + ScoreForm.optionNames))
        let (form, defaults) = (component("FusionForm")["properties"], FusionOptions())
        #expect(form["seed"]["default"].number == Double(defaults.seed) && form["samples"]["default"].number == Double(defaults.samples))
        #expect(
            form["guidance"]["default"].number == Double(defaults.guidance) && form["sampler"]["default"].text == defaults.sampler.rawValue)
        #expect(
            form["samples"]["maximum"].number == Double(Fuser.mostSamples)
                && form["guidance"]["maximum"].number == Double(Fuser.mostGuidance))
        for name in FusionOption.all.map(\.name) {
            #expect(
                component("Job")["properties"][name] != .null && component("Model")["properties"]["defaults"]["properties"][name] != .null)
        }
    }

    @Test func words_AreThoseOfTheCode() {
        #expect(words(component("State")) == Set(Job.State.allCases.map(\.rawValue)))
        #expect(words(component("Modality")) == Set(Modality.allCases.map(\.rawValue)))
        #expect(words(component("Convention")) == Set(FusionScores.Convention.allCases.map(\.rawValue)))
        #expect(words(component("Readiness")["properties"]["status"]) == Set(Readiness.Status.allCases.map(\.rawValue)))
        #expect(words(component("Note")["properties"]["code"]) == Set(Note.Code.allCases.map(\.rawValue)))
        #expect(words(component("Job")["properties"]["sampler"]) == Set(FusionOptions.SamplerKind.allCases.map(\.rawValue)))
        #expect(words(component("Job")["properties"]["resize"]) == Set(Resampling.allCases.map(\.rawValue)))
    }

    @Test func examples_AreWhatTheySay() {
        /// Every object with a schema and examples beside it.
        func contents(_ json: JSON) -> [JSON] {
            (json["schema"] != .null ? [json] : []) + json.members.values.flatMap(contents) + json.list.flatMap(contents)
        }
        var count = 0
        for content in contents(document) {
            let named = content["examples"].members.values.map { ($0["$ref"].text.map(schema.resolve) ?? $0)["value"] }
            // A stream's example is its text, of which the schema describes one event.
            for example in named + [content["example"]] where example != .null && example.text?.hasPrefix("retry:") != true {
                #expect(schema.problems(of: example, content["schema"]) == [])
                count += 1
            }
        }
        #expect(count > 20)
        for name in document["components"]["schemas"].members.keys where component(name)["example"] != .null {
            #expect(schema.problems(of: component(name)["example"], component(name)) == [])
        }
    }

    @Test func answers_AreAsDescribed() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        func expect(_ answer: Answer, _ component: String, _ comment: Comment) {
            let problems = schema.problems(of: answer.json, self.component(component))
            #expect(problems == [] && answer.json != .null, comment)
        }
        try await RunningService.during(in: folder) { service in
            let served = try await service.get("/openapi.yaml")
            #expect(served.headers["content-type"] == "application/yaml" && served.body == Data(PackageResources.openapi_yaml))
            let tag = try #require(served.headers["etag"])
            #expect(try await service.get("/openapi.yaml", "-H", "If-None-Match: \(tag)").status == 304)
            for problem in ProblemType.allCases {
                #expect(String(decoding: try await service.get(problem.rawValue).body, as: UTF8.self) == problem.meaning + "\n")
            }

            let endless = try await service.submitEndless(pair)
            expect(try await service.job(endless), "Job", "running")
            let queued = try await service.submit(pair, "samples=2", "resize=bilinear")
            expect(queued, "Job", "queued")
            expect(try await service.get("/readyz"), "Readiness", "ready")
            expect(try await service.delete(endless), "Job", "cancelling")
            expect(try await service.finished(endless), "Job", "cancelled")
            expect(try await service.finished(queued.id), "Job", "succeeded")
            expect(try await service.score(pair.fields + ["fused=@\(pair.mri)"]), "ScoreReport", "scores")
            for refused in [try await service.score(["seed=1"]), try await service.get("/v1/jobs/none"), try await service.get("/nowhere")]
            {
                expect(refused, "Problem", "problem")
            }
            for model in try await service.get("/v1/models").json["models"].list {
                #expect(schema.problems(of: model, component("Model")) == [])
            }
            for job in try await service.get("/v1/jobs").json["jobs"].list { #expect(schema.problems(of: job, component("Job")) == []) }
            for event in ServerEvent.parse(try await service.get("/v1/jobs/\(queued.id)/events").body) {
                #expect(schema.problems(of: event.json, component(event.event == "state" ? "Job" : "Progress")) == [])
            }
        }
    }

    @Test(.enabled(if: Tool.python(with: "schemathesis") != nil, "AMALGAM_PYTHON names no python that has schemathesis"))
    func schemathesis_FindsNoDisagreement() async throws {
        let folder = try Folder()
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Clients/conformance.py").path
        let outcome = try await Program(
            URL(filePath: try #require(Tool.python(with: "schemathesis"))),
            [script, Program.url.path, "--max-examples", "25", "--seed", "1"],
            in: folder
        ).outcome()
        #expect(outcome.hasSucceeded && outcome.output.contains("Tested: 14"), "\(outcome.output)\(outcome.error)")
    }
}
