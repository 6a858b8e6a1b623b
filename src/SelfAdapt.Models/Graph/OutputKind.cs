using SelfAdapt.Models.Graph.Kinds;

namespace SelfAdapt.Models.Graph;

/// <summary>
/// What a run of output channels means: how it is called, how it turns with the image, how it is trained. How masks are
/// made of it, <c>Segmentation</c> knows.
/// </summary>
public abstract class OutputKind
{
    /// <summary>All words, for help and messages.</summary>
    internal const string Words = "flow (two channels, dY and dX), logit, probability, scalar, raysN (N distances "
        + "to the outline, such as rays32), classesN (N logits of background, inside, border), innerdistance, outerdistance (DeepWatershed's)";

    private protected OutputKind(string word, int channels) => (Word, Channels) = (word, channels);

    /// <summary>One channel: a logit, trained with binary cross-entropy; unchanged by flips and turns.</summary>
    public static OutputKind Logit { get; } = new LogitKind();

    /// <summary>Two channels (dY, dX): a vector field that turns when the image turns; a regression target.</summary>
    public static OutputKind VectorField { get; } = new VectorFieldKind();

    /// <summary>One channel: a scalar regression target; unchanged by flips and turns.</summary>
    public static OutputKind Regression { get; } = new ScalarKind();

    /// <summary>One channel: a probability, 0 to 1, such as a sigmoid gives; run as its logit, not trained.</summary>
    public static OutputKind Probability { get; } = new ProbabilityKind();

    /// <summary>What it is called on the command line and in results.</summary>
    public string Word { get; }

    /// <summary>How many channels it spans.</summary>
    public int Channels { get; }

    /// <summary>Every kind.</summary>
    internal static IReadOnlyList<OutputKind> All { get; } = [VectorField, Logit, Probability, Regression, new RaysKind(32), new ClassesKind(3), new InnerDistanceKind(), new OuterDistanceKind()];

    /// <summary>What its channels are, after the part's name.</summary>
    internal virtual string Detail => Word;

    /// <summary>How a channel of it is trained.</summary>
    internal virtual ChannelLoss Loss => ChannelLoss.Squares;

    /// <summary>Whether masks tell what its values should be.</summary>
    internal virtual bool IsFieldOfMasks => false;

    /// <summary>Whether the logit beside it tells how deep in an object a pixel lies, not only whether it lies in one.</summary>
    internal virtual bool GradesObjects => false;

    /// <summary>Whether it tells by itself where objects are.</summary>
    internal virtual bool TellsObjects => false;

    /// <summary>The kind that it is run and judged as.</summary>
    internal virtual OutputKind AsRun => this;

    /// <summary>The kind that it is where the graph ends in probabilities; null where that can't be.</summary>
    internal virtual OutputKind? AsProbability => null;

    /// <summary>What is run, of a probability that the file returns, between 0 and 1 and neither.</summary>
    internal virtual double BeforeProbability(double probability) => Math.Log(probability / (1 - probability));

    /// <summary>How likely a pixel lies in an object, as a logit, by this part's values there; where it tells that.</summary>
    internal virtual float ObjectLogit(ReadOnlySpan<float> values) => values[0];

    /// <summary>The kind of a word; null for another.</summary>
    internal static OutputKind? Find(string word) => All.Select(kind => kind.Read(word)).FirstOrDefault(k => k is not null);

    /// <summary>Where a turned output holds a channel of the original.</summary>
    /// <param name="view">How the image was turned.</param>
    /// <param name="channel">The channel in this part.</param>
    /// <returns>The channel there, and the factor that turns its values back.</returns>
    internal virtual (int Channel, int Sign) Turned(OrientationMap view, int channel) => (channel, 1);

    /// <summary>What the name of a channel ends in, after the part's.</summary>
    internal virtual string Ending(int channel) => "";

    /// <summary>This kind, or one of its family, where the word is its.</summary>
    private protected virtual OutputKind? Read(string word) => word == Word ? this : null;
}

/// <summary>How an output channel is trained; the numbers are those that kernels know.</summary>
internal enum ChannelLoss
{
    /// <summary>Mean squared error.</summary>
    Squares = 0,

    /// <summary>Binary cross-entropy of a logit.</summary>
    CrossEntropy = 1,

    /// <summary>Mean absolute error in objects, weighted by the object's probability, as StarDist's.</summary>
    ObjectDistances = 2,

    /// <summary>Cross-entropy of a softmax over the part's channels.</summary>
    Classes = 3,
}
