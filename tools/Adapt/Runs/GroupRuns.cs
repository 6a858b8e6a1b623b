using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Engine;
using SelfAdapt.Files.Images;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Runs;

/// <summary>Whether a folder of several kinds of images gets one model or one for each kind.</summary>
internal enum GroupChoice
{
    /// <summary>One model for all images.</summary>
    One,

    /// <summary>One for each kind of images.</summary>
    Auto,
}

/// <summary>A run for each kind of images, in folders of their own below the one that was named.</summary>
internal static class GroupRuns
{
    /// <summary>Runs them one after the other and writes which image went where.</summary>
    /// <param name="whole">The job on all images, whose kinds are known; with resume, groups that are done are left alone.</param>
    /// <param name="fit">A group's segmentation options, such as the size of its own objects.</param>
    /// <returns>The result for scripts, and the first exit code that is not 0.</returns>
    /// <exception cref="SelfAdaptException">As <see cref="JobOutput.Run"/>.</exception>
    public static (JsonObject Result, ExitCode Code) Run(
        Terminal terminal, AdaptationJob whole, JobEngines engine,
        Func<IReadOnlyList<NamedImage>, SegmentationOptions> fit)
    {
        AdaptationJob[] jobs = [.. whole.Kinds.Select((_, k) => JobOf(whole, k))];
        terminal.Error.WriteLine(
            $"{jobs.Length} kinds of images, a model for each: {SourceAdvice.Describe(whole.Kinds)}");
        if (engine.IsFirst)
        {
            WriteList(whole, jobs);
        }

        JsonArray results = [];
        ExitCode code = ExitCode.Ok;
        foreach ((AdaptationJob planned, int k) in jobs.Select((j, k) => (j, k)))
        {
            string name = Path.GetFileName(planned.Out);
            if (planned.Resume && !File.Exists(RunFolder.State(planned.Out)) && File.Exists(RunFolder.Summary(planned.Out)))
            {
                terminal.Error.WriteLine($"{name} is done.");
                continue;
            }

            terminal.Error.WriteLine($"{name}: {planned.Images.Count} images {SourceAdvice.Describe(whole.Kinds[k].Look)}");
            if (engine.IsFirst)
            {
                OutputFolder.RequireWritable(planned.Out);
            }

            AdaptationJob job = planned with
            {
                Segmentation = fit(planned.Images),
                Resume = planned.Resume && File.Exists(RunFolder.State(planned.Out)),
            };
            (JsonObject result, ExitCode ended) = JobOutput.Run(terminal, job, engine, static _ => { });
            ended = engine.Ranks.OfFirst(ended);
            result["folder"] = name;
            results.Add(result);
            code = code == ExitCode.Ok ? ended : code;
            if (ended == ExitCode.Cancelled)
            {
                code = ended;
                break;
            }
        }

        if (engine.IsFirst)
        {
            WritePage(whole, jobs);
            terminal.Out.WriteLine($"{RunFolder.Report(whole.Out)} links the reports of all groups.");
        }

        return (new JsonObject { ["groups"] = results }, code);
    }

    private static void WritePage(AdaptationJob whole, AdaptationJob[] jobs) => GroupsPage.Write(
        RunFolder.Report(whole.Out),
        [.. jobs.Select((j, k) => new GroupEntry(
            Path.GetFileName(j.Out), SourceAdvice.Describe(whole.Kinds[k].Look), [.. j.Images.Select(i => i.Name)],
            Outcome(j.Out)))]);

    private static string? Outcome(string folder) => RunRecord.Read(folder) is not { } run ? null
        : !File.Exists(RunFolder.Adapted(folder)) ? "no adapted model"
        : run.KeptOriginal ? "original model kept"
        : string.Create(CultureInfo.InvariantCulture, $"adapted model kept, the weights after step {run.KeptIteration:0}")
            + (run.Gamma is null or 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", intensities to the power {run.Gamma:0.##}"));

    private static AdaptationJob JobOf(AdaptationJob whole, int kind) => whole with
    {
        Images = [.. whole.Kinds[kind].Members.Select(m => whole.Images[m])],
        Labelled = [.. whole.Labelled.Where(l => ImageKinds.Nearest(whole.Kinds, l.Image) == kind)],
        Out = RunFolder.Group(whole.Out, kind + 1),
        Home = whole.Out,
        Kinds = [],
    };

    private static void WriteList(AdaptationJob whole, AdaptationJob[] jobs) => ResultFile.Write(
        RunFolder.Groups(whole.Out),
        new JsonObject
        {
            ["groups"] = new JsonArray([.. jobs.Select((j, k) => (JsonNode)new JsonObject
            {
                ["folder"] = Path.GetFileName(j.Out),
                ["background"] = Math.Round(whole.Kinds[k].Look.Background, 3),
                ["colour"] = Math.Round(whole.Kinds[k].Look.Colour, 3),
                ["images"] = new JsonArray([.. j.Images.Select(i => (JsonNode)Path.GetFileName(i.Path))]),
                ["labelled"] = new JsonArray([.. j.Labelled.Select(l => (JsonNode)l.Name)]),
            })]),
        });
}
