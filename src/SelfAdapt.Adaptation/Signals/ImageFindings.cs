using SelfAdapt.Files;

namespace SelfAdapt.Adaptation.Signals;

/// <summary>What a network finds in one of the images checked.</summary>
/// <param name="Fits">Per cell, how well its outline fits.</param>
internal sealed record ImageFindings(LabelImage Masks, double[] Fits, float[] Embedding, FlowFit Flows)
{
    public static ImageFindings Read(BinaryReader reader)
    {
        (int height, int width) = (reader.ReadInt32(), reader.ReadInt32());
        int[] labels = new int[height * width];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = reader.ReadInt32();
        }

        double[] fits = new double[reader.ReadInt32()];
        for (int i = 0; i < fits.Length; i++)
        {
            fits[i] = reader.ReadDouble();
        }

        float[] embedding = new float[reader.ReadInt32()];
        for (int i = 0; i < embedding.Length; i++)
        {
            embedding[i] = reader.ReadSingle();
        }

        return new(
            new LabelImage(height, width, labels), fits, embedding,
            new FlowFit(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt32(), reader.ReadDouble()));
    }

    /// <summary>As <see cref="Read"/> takes it, for the other ranks.</summary>
    public byte[] ToBytes()
    {
        using MemoryStream bytes = new();
        using BinaryWriter writer = new(bytes);
        writer.Write(Masks.Height);
        writer.Write(Masks.Width);
        Array.ForEach(Masks.Labels, writer.Write);
        writer.Write(Fits.Length);
        Array.ForEach(Fits, writer.Write);
        writer.Write(Embedding.Length);
        Array.ForEach(Embedding, writer.Write);
        writer.Write(Flows.Above);
        writer.Write(Flows.Inside);
        writer.Write(Flows.Cells);
        writer.Write(Flows.Errors);
        writer.Flush();
        return bytes.ToArray();
    }
}
