using SelfAdapt.Models.Graph.Kinds;

namespace SelfAdapt.Models.Graph;

/// <summary>One meaning within the output channels.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Channel">Its first channel.</param>
/// <param name="Name">The name shown to people.</param>
public sealed record OutputPart(OutputKind Kind, int Channel, string Name)
{
    /// <summary>How many channels it spans.</summary>
    public int Channels => Kind.Channels;
}

/// <summary>The meaning of a network's output channels, as data: SelfAdapt is not tied to Cellpose.</summary>
public sealed class OutputDescription
{
    /// <summary>Describes an output.</summary>
    /// <param name="parts">The parts, in channel order, covering every channel once.</param>
    /// <param name="flowScale">Factor between the vector field and unit flows (5 for Cellpose).</param>
    /// <exception cref="ArgumentException">The parts do not cover the channels 0..n-1 in order.</exception>
    public OutputDescription(IReadOnlyList<OutputPart> parts, float flowScale = 5f)
    {
        ArgumentNullException.ThrowIfNull(parts);
        int next = 0;
        foreach (OutputPart part in parts)
        {
            if (part.Channel != next)
            {
                throw new ArgumentException($"Output part '{part.Name}' starts at channel {part.Channel}, not {next}.");
            }

            next += part.Channels;
        }

        (Parts, Channels, FlowScale) = (parts, next, flowScale);
    }

    /// <summary>Cellpose: dY and dX (5 x unit flow), then the cell-probability logit (docs/cellpose.md 1.4).</summary>
    public static OutputDescription Cellpose { get; } = new(
        [new(OutputKind.VectorField, 0, "flow"), new(OutputKind.Logit, 2, "cellprob")]);

    /// <summary>A plain foreground network: one logit.</summary>
    public static OutputDescription Foreground { get; } = new([new(OutputKind.Logit, 0, "foreground")]);

    /// <summary>The same with a logit in the place of every probability.</summary>
    internal OutputDescription AsLogits => new(
        [.. Parts.Select(p => p with { Kind = p.Kind.AsRun })], FlowScale)
    { Grid = Grid };

    /// <summary>What each channel is to the adaptation.</summary>
    internal ChannelMeaning[] Meanings =>
        [.. Parts.SelectMany(p => Enumerable.Range(0, p.Channels).Select(i => new ChannelMeaning(p.Kind, i)))];

    /// <summary>The part by which masks are made; null in a description that is not run.</summary>
    internal OutputPart? Objects => Logit ?? Parts.FirstOrDefault(p => p.Kind.TellsObjects);

    /// <summary>The part that tells where objects are in one channel, as a logit; null where there is none.</summary>
    internal OutputPart? Logit => Parts.FirstOrDefault(p => p.Kind.Loss == ChannelLoss.CrossEntropy);

    /// <summary>A description that fits an output and that masks can be made by.</summary>
    /// <param name="model">What errors call the model.</param>
    /// <param name="output">The output's name.</param>
    /// <param name="channels">The channels that it has.</param>
    /// <param name="asked">What was described; null for nothing.</param>
    /// <param name="usual">What goes without saying; null if nothing does.</param>
    /// <exception cref="SelfAdaptException">OutputsUnknown: there is none.</exception>
    internal static OutputDescription Require(
        string model, string output, int channels, OutputDescription? asked, OutputDescription? usual)
    {
        OutputDescription? meaning = asked ?? usual;
        string? wrong = meaning is null
            ? "whose meaning is not known: describe them, for example as flow,logit (two channels dY and dX, then one "
                + "logit) classes3 (logits of background, inside, border) or scalar,probability (background and foreground of a softmax)"
            : meaning.Channels != channels ? $"but {meaning.Channels} were described"
            : meaning.Objects is null
                ? "and one must be described as the logit or the probability of a cell, as classes or as an outer distance: masks "
                + "are made by it"
            : meaning.Parts.Count(p => p.Kind is ClassesKind) > 1 ? "of which only one part can be classes"
            : null;
        return wrong is null
            ? meaning!
            : throw new SelfAdaptException(
                ErrorKind.OutputsUnknown, model, $"this model's output '{output}' has {channels} channels, {wrong}.");
    }

    /// <summary>The parts in channel order.</summary>
    public IReadOnlyList<OutputPart> Parts { get; }

    /// <summary>Total number of output channels.</summary>
    public int Channels { get; }

    /// <summary>Factor between the vector field and unit flows.</summary>
    public float FlowScale { get; }

    /// <summary>Pixels of the image, each way, that share one value of the output, their first pixel's; 1 where each has its own.</summary>
    public int Grid { get; init; } = 1;

    /// <summary>True when masks come from a flow field (Cellpose's dynamics) instead of a threshold.</summary>
    public bool HasFlow => Parts.Any(p => p.Kind == OutputKind.VectorField);

    /// <summary>Whether there are distances along rays, as StarDist's.</summary>
    internal bool HasRays => Parts.Any(p => p.Kind is RaysKind);
}
