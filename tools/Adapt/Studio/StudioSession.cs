using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Studio;

/// <summary>A project that is open: its images, jobs, models and what was segmented for the page.</summary>
internal sealed class StudioSession : IDisposable
{
    private readonly FileStream _lock;

    private StudioSession(StudioProject project, FileStream held)
    {
        (Project, _lock) = (project, held);
        Images = new StudioImages(project.State.Images);
        Models = new StudioModels(project);
        Jobs = new StudioJobs(project, Models);
        Strokes = new StrokeStore(project.Strokes, Images);
        Forest = new LiveForest(Strokes, Images);
    }

    public StudioProject Project { get; }

    public StudioImages Images { get; }

    public StudioModels Models { get; }

    public StudioJobs Jobs { get; }

    public StrokeStore Strokes { get; }

    public LiveForest Forest { get; }

    /// <summary>Threads for what the page waits for; 0: one per processor. A run that goes on keeps its own.</summary>
    public int Threads => Project.State.Jobs.Any(JobStatus.IsRunning) ? 1 : 0;

    public StudioSegmenter Segmenter { get; } = new();

    /// <summary>Opens the project of a folder of images.</summary>
    /// <param name="project">The project's folder; null: within the images' folder.</param>
    /// <exception cref="SelfAdaptException">
    /// As <see cref="StudioProject.Open"/>; OutputNotWritable: another studio has it open.
    /// </exception>
    public static StudioSession Open(string images, string? project)
    {
        StudioProject opened = StudioProject.Open(images, project);
        return new(opened, opened.Lock());
    }

    /// <summary>Masks of an image, with the set-up and the model in use or with those of a run's step.</summary>
    /// <param name="job">The run; null: the set-up.</param>
    /// <param name="step">0: the original; null: what it kept.</param>
    public Task<LabelImage> MasksAsync(int index, int plane, StudioJob? job, int? step, CancellationToken aborted) =>
        job is { Kind: JobKind.Strokes } && step != 0
            ? Task.FromResult(StrokeResults.Masks(Project, job, Images.Files[index], plane))
            : Segmenter.MasksAsync(
                FormattableString.Invariant($"{index}/{plane}"), () => Images.Read(index)[plane],
                job is null ? Models.FileOf(Project.State.Setup.Model) : Models.OfStep(job, step),
                job is null ? Project.State.Setup : Models.SetupOf(job, step), Threads, aborted);

    /// <summary>What the page shows beside the images.</summary>
    public JsonObject Describe()
    {
        ProjectState state = Project.State;
        return new JsonObject
        {
            ["images"] = state.Images,
            ["project"] = Project.Folder,
            ["setup"] = new JsonObject
            {
                ["model"] = state.Setup.Model,
                ["diameter"] = state.Setup.Diameter,
                ["first_channel"] = state.Setup.FirstChannel,
                ["second_channel"] = state.Setup.SecondChannel,
                ["invert"] = state.Setup.Invert,
            },
            ["accepted"] = state.Accepted is { } accepted
                ? new JsonObject { ["job"] = accepted.Job, ["step"] = accepted.Step, ["model"] = accepted.Model }
                : null,
            ["strokes"] = new JsonObject
            {
                ["enhance"] = state.Strokes.Enhance,
                ["instances"] = JsonSerializer.SerializeToNode(state.Strokes.Instances, JsonStyle.Line),
                ["painted"] = StrokeApi.Describe(Strokes),
                ["folder"] = Strokes.Folder,
            },
            ["jobs"] = new JsonArray([.. state.Jobs.Select(Describe)]),
            ["exports"] = new JsonArray([.. Models.Exports.Select(f => (JsonNode)Path.GetFileName(f))]),
        };
    }

    /// <summary>What there is of the images, once.</summary>
    public JsonObject DescribeImages() => new()
    {
        ["names"] = new JsonArray([.. Images.Files.Select(f => (JsonNode)Path.GetFileName(f))]),
        ["skipped"] = Images.Skipped,
        ["models"] = new JsonArray([.. Models.Offered.Select(m => (JsonNode)m)]),
    };

    /// <summary>What a model file is, in words for the set-up page.</summary>
    /// <exception cref="SelfAdaptException">As <see cref="ModelFile.Load"/>.</exception>
    public JsonObject DescribeModel(string? path)
    {
        ModelFile model = ModelFile.Load(Models.FileOf(path));
        RunnableNetwork network = RunnableNetwork.Of(model, null);
        return new JsonObject
        {
            ["channels"] = network.Trainable?.InputChannels,
            ["diameter"] = StudioSegmenter.DiameterOf(model, network.Outputs),
            ["trainable"] = network.WhyOrtOnly is null && model.WhyFrozen is null,
            ["why"] = network.WhyOrtOnly?.Message ?? model.WhyFrozen,
            ["flow"] = network.Outputs.HasFlow,
        };
    }

    /// <summary>A plane of an image, where there is one.</summary>
    public NamedImage? Plane(int index, int plane)
    {
        NamedImage[] planes = Images.Read(index);
        return plane < planes.Length ? planes[plane] : null;
    }

    /// <summary>The first plane of an image; null where it can't be read.</summary>
    public NamedImage? TryPlane(int index)
    {
        try
        {
            return Plane(index, 0);
        }
        catch (SelfAdaptException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        Segmenter.Dispose();
        Forest.Dispose();
        Images.Dispose();
        _lock.Dispose();
    }

    private JsonObject Describe(StudioJob job)
    {
        JsonObject shown = JobStatus.Describe(Project, job);
        if (job.Kind == JobKind.Adapt)
        {
            shown["steps"] = new JsonArray([.. Models.StepsOf(job).Select(s => (JsonNode)s)]);
            shown["spare_bytes"] = Models.SpareSnapshots(job).Sum(f => f.Length);
        }

        return shown;
    }
}
