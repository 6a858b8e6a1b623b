using System.Globalization;

namespace SelfAdapt.Models.Graph.Kinds;

/// <summary>
/// One of several classes by a softmax over channels: background, inside of an object and, from three on, its border; further
/// ones are parts of objects, too. As logits, or as the probabilities that the softmax makes of them.
/// </summary>
/// <param name="classes">At least two.</param>
internal sealed class ClassesKind(int classes, bool probabilities = false)
    : OutputKind((probabilities ? AsSoftmax : Prefix) + classes.ToString(CultureInfo.InvariantCulture), classes)
{
    private const string Prefix = "classes";
    private const string AsSoftmax = "classprobabilities";
    private const int MostClasses = 64;

    internal override string Detail => $"{Channels} {(probabilities ? "probabilities" : "logits")} of background, inside, border";

    internal override ChannelLoss Loss => ChannelLoss.Classes;

    internal override bool TellsObjects => true;

    internal override OutputKind AsRun => probabilities ? new ClassesKind(Channels) : this;

    internal override OutputKind AsProbability => probabilities ? this : new ClassesKind(Channels, true);

    /// <summary>Whether there can be so many.</summary>
    public static bool Fits(int classes) => classes is >= 2 and <= MostClasses;

    internal override double BeforeProbability(double probability) => Math.Log(probability);

    /// <summary>ln of all other classes' probability over the background's.</summary>
    internal override float ObjectLogit(ReadOnlySpan<float> values)
    {
        double most = double.NegativeInfinity;
        foreach (float value in values[1..])
        {
            most = Math.Max(most, value);
        }

        double sum = 0;
        foreach (float value in values[1..])
        {
            sum += Math.Exp(value - most);
        }

        return (float)(most + Math.Log(sum) - values[0]);
    }

    internal override string Ending(int channel) => channel.ToString("'_'0", CultureInfo.InvariantCulture);

    private protected override OutputKind? Read(string word) => Count(word, Prefix) is { } logits ? new ClassesKind(logits)
        : Count(word, AsSoftmax) is { } given ? new ClassesKind(given, true)
        : null;

    private static int? Count(string word, string prefix) =>
        word.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(word.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && Fits(count)
            ? count
            : null;
}
