namespace SelfAdapt.Segmentation.Metrics;

/// <summary>How well a foreground map tells objects from ground, pixel by pixel, over any number of images.</summary>
internal sealed class ForegroundScores
{
    private long _both;
    private long _found;
    private long _there;
    private double _soft;
    private double _squares;

    /// <summary>F1 at probability one half; equal to Dice's coefficient there; 1 where nothing is and nothing is found.</summary>
    public double F1 => _found + _there == 0 ? 1 : 2.0 * _both / (_found + _there);

    /// <summary>2 sum(p y) / (sum(p^2) + sum(y^2)).</summary>
    public double SoftDice => _squares == 0 ? 1 : 2 * _soft / _squares;

    public void Add(ReadOnlySpan<float> probability, ReadOnlySpan<bool> truth)
    {
        for (int i = 0; i < truth.Length; i++)
        {
            double p = probability[i];
            bool found = p > 0.5;
            _both += found && truth[i] ? 1 : 0;
            _found += found ? 1 : 0;
            _there += truth[i] ? 1 : 0;
            _soft += truth[i] ? p : 0;
            _squares += (p * p) + (truth[i] ? 1 : 0);
        }
    }
}
