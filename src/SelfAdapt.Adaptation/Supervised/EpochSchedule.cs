namespace SelfAdapt.Adaptation.Supervised;

/// <summary>The learning rate of each epoch in Cellpose 3 (docs/cellpose.md 5.4).</summary>
internal static class EpochSchedule
{
    private const int WarmUpEpochs = 10;
    private const int Plateaus = 10;
    private const int LongRunAbove = 300;
    private const int LongPlateau = 10;
    private const int MediumRunAbove = 100;
    private const int MediumPlateau = 5;

    /// <summary>
    /// Rises linearly from 0 within ten epochs, stays, and in runs of more than 100 epochs is halved ten
    /// times at the end (every 5 epochs; every 10 in runs of more than 300).
    /// </summary>
    /// <param name="learningRate">The highest rate, above 0.</param>
    /// <returns>One rate per epoch; the first is 0.</returns>
    public static double[] Create(double learningRate, int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(learningRate);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        int plateau = epochs > LongRunAbove ? LongPlateau : epochs > MediumRunAbove ? MediumPlateau : 0;
        int decayStart = epochs - (Plateaus * plateau);
        double[] rates = new double[epochs];
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            rates[epoch] = epoch < WarmUpEpochs ? learningRate * epoch / (WarmUpEpochs - 1)
                : epoch < decayStart ? learningRate
                : Math.ScaleB(learningRate, -1 - ((epoch - decayStart) / plateau));
        }

        return rates;
    }
}
