using SelfAdapt.ShallowToDeep.Instances;

namespace SelfAdapt.Tool.Studio;

/// <summary>How images are segmented: what the set-up page decides.</summary>
internal sealed record StudioSetup
{
    /// <summary>The model's file; null: the one that the program carries.</summary>
    public string? Model { get; init; }

    /// <summary>Object diameter, px; null: the model's own.</summary>
    public double? Diameter { get; init; }

    /// <summary>Channel to segment, 1-based; 0: the mean of all.</summary>
    public int FirstChannel { get; init; }

    /// <summary>Helper channel, 1-based; 0: none.</summary>
    public int SecondChannel { get; init; }

    /// <summary>Dark objects on a bright ground.</summary>
    public bool Invert { get; init; }
}

/// <summary>How objects are made of strokes.</summary>
internal sealed record StrokeSetup
{
    /// <summary>Whether the builtin enhancer repairs the forest's maps.</summary>
    public bool Enhance { get; init; }

    public InstanceOptions Instances { get; init; } = new();
}

internal enum JobKind
{
    Adapt,
    Segment,
    Rank,

    /// <summary>All images by the strokes.</summary>
    Strokes,

    /// <summary>A network on the masks that strokes gave.</summary>
    Train,
}

/// <summary>A run of one of the program's verbs.</summary>
/// <param name="Name">Also its folder's name: the kind and a number.</param>
/// <param name="Setup">The set-up when it was started.</param>
internal sealed record StudioJob(string Name, JobKind Kind, StudioSetup Setup)
{
    /// <summary>The command line.</summary>
    public required string[] Words { get; init; }

    /// <summary>The process that was last started for it.</summary>
    public int? Process { get; init; }

    /// <summary>When that process began, ticks UTC: numbers of processes come again.</summary>
    public long? ProcessBegan { get; init; }

    /// <summary>How it ended; null: it runs, or nobody was there to see.</summary>
    public int? ExitCode { get; init; }
}

/// <summary>What was decided for a run.</summary>
/// <param name="Job">The run.</param>
/// <param name="Step">The step whose weights are taken; null: those that the run kept; 0: the original's.</param>
/// <param name="Model">The file that holds them.</param>
internal sealed record AcceptedModel(string Job, int? Step, string Model);

/// <summary>What project.json holds.</summary>
internal sealed record ProjectState
{
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>The folder of images.</summary>
    public required string Images { get; init; }

    public StudioSetup Setup { get; init; } = new();

    public StrokeSetup Strokes { get; init; } = new();

    public IReadOnlyList<StudioJob> Jobs { get; init; } = [];

    public AcceptedModel? Accepted { get; init; }
}
