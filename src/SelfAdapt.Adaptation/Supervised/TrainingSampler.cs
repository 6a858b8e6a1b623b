namespace SelfAdapt.Adaptation.Supervised;

/// <summary>
/// Draws augmented batches from a training set in the order in which Cellpose's trainer does, with the same
/// random numbers (docs/cellpose.md 5.3 and 5.4).
/// </summary>
internal sealed class TrainingSampler(TrainingSet set)
{
    private const uint EvaluationSeed = 42;

    private NumpyRandom _random = new(0);
    private int[] _order = [];
    private int _next;

    public TrainingBatch CreateBatch() =>
        new(set.Options.BatchSize, set.InputChannels, set.Options.CropSize, set.Targets);

    /// <summary>Seeds with the number of the epoch and puts the images in random order.</summary>
    public void BeginEpoch(int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        _random = new((uint)epoch);
        _order = _random.Permutation(set.Samples.Count);
        if (set.Options.ImagesPerEpoch > 0 && set.Options.ImagesPerEpoch < _order.Length)
        {
            _order = _order[..set.Options.ImagesPerEpoch];
        }

        _next = 0;
    }

    /// <summary>Begins a pass over held-out images: their own order, always the same augmentation.</summary>
    public void BeginEvaluation()
    {
        _random = new(EvaluationSeed);
        _order = Enumerable.Range(0, set.Samples.Count).ToArray();
        _next = 0;
    }

    /// <param name="batch">From <see cref="CreateBatch"/>; the last one of an epoch may be filled in
    /// part.</param>
    /// <returns>False, with an empty batch, when the epoch is over.</returns>
    public bool NextBatch(TrainingBatch batch)
    {
        if (batch.InputChannels != set.InputChannels || batch.CropSize != set.Options.CropSize)
        {
            throw new ArgumentException("The batch was made for other channels or another crop size.");
        }

        int first = _next;
        batch.Count = Math.Min(batch.Capacity, _order.Length - first);
        _next += batch.Count;
        RandomRotateAndResize[] augmentations = new RandomRotateAndResize[batch.Count];
        for (int i = 0; i < batch.Count; i++)
        {
            TrainingSample sample = set.Samples[_order[first + i]];
            augmentations[i] = RandomRotateAndResize.Draw(_random, sample, set.Options);
        }

        Parallel.For(0, batch.Count, i =>
            augmentations[i].Apply(set.Samples[_order[first + i]], batch, i));
        return batch.Count > 0;
    }
}
