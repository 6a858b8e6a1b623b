namespace SelfAdapt.Adaptation.Supervised;

/// <summary>One batch of crops and targets; its arrays are made once and filled again and again.</summary>
internal sealed class TrainingBatch
{
    public TrainingBatch(int capacity, int inputChannels, int cropSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputChannels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(cropSize, 1);
        int plane = checked(cropSize * cropSize);
        (Capacity, InputChannels, CropSize) = (capacity, inputChannels, cropSize);
        Input = new float[checked(capacity * inputChannels * plane)];
        Cell = new float[checked(capacity * plane)];
        Flow = new float[checked(capacity * 2 * plane)];
    }

    public int Capacity { get; }

    /// <summary>Crops it holds now: less than <see cref="Capacity"/> at the end of an epoch.</summary>
    public int Count { get; internal set; }

    public int InputChannels { get; }

    /// <summary>Side of the crops, px.</summary>
    public int CropSize { get; }

    /// <summary>[capacity, InputChannels, CropSize, CropSize], of which the first Count crops are valid.</summary>
    public float[] Input { get; }

    /// <summary>[capacity, CropSize, CropSize]: 1 in cells, 0 elsewhere.</summary>
    public float[] Cell { get; }

    /// <summary>[capacity, 2, CropSize, CropSize]: flow in units of 1 (not 5), row and column component.</summary>
    public float[] Flow { get; }
}
