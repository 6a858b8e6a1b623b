namespace SelfAdapt.Adaptation.Supervised;

/// <summary>One batch of crops and targets; its arrays are made once and filled again and again.</summary>
internal sealed class TrainingBatch
{
    /// <param name="targets">What is learned; null: Cellpose's.</param>
    public TrainingBatch(int capacity, int inputChannels, int cropSize, MaskTargets? targets = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputChannels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(cropSize, 1);
        int plane = checked(cropSize * cropSize);
        (Capacity, InputChannels, CropSize) = (capacity, inputChannels, cropSize);
        Input = new float[checked(capacity * inputChannels * plane)];
        Cell = new float[checked(capacity * plane)];
        Targets = targets ?? new FlowTargets();
        Flow = new float[checked(capacity * Targets.Channels * plane)];
    }

    public MaskTargets Targets { get; }

    public int Capacity { get; }

    /// <summary>Crops it holds now: less than <see cref="Capacity"/> at the end of an epoch.</summary>
    public int Count { get; internal set; }

    public int InputChannels { get; }

    /// <summary>Side of the crops, px.</summary>
    public int CropSize { get; }

    /// <summary>[capacity, InputChannels, CropSize, CropSize], of which the first Count crops are valid.</summary>
    public float[] Input { get; }

    /// <summary>[capacity, CropSize, CropSize]: 1 in cells, 0 elsewhere; of distances how deep in one.</summary>
    public float[] Cell { get; }

    /// <summary>
    /// [capacity, Targets.Channels, CropSize, CropSize]: flow in units of 1 (not 5), row and column component; or distances, px.
    /// </summary>
    public float[] Flow { get; }
}
