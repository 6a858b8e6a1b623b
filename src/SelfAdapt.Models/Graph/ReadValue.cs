namespace SelfAdapt.Models.Graph;

/// <summary>What a name in an ONNX graph stands for while the graph is read.</summary>
internal abstract record ReadValue;

/// <summary>An activation.</summary>
/// <param name="Id">Its number in the network.</param>
/// <param name="Value">Its size relative to the image.</param>
/// <param name="Dims">Its dimensions at the probe size, in the file's order.</param>
/// <param name="ChannelsLast">A map whose channels lie last in the file, as TensorFlow's; the network's lie first.</param>
internal sealed record Activation(int Id, NetworkValue Value, long[] Dims, bool ChannelsLast = false) : ReadValue
{
    public int Channels => Value.Channels;

    public int Level => Value.Level;

    public bool IsPooled => Value.Level == NetworkValue.Pooled;
}

/// <summary>A number, or a few, that size computations gave.</summary>
internal sealed record Known(Constant Constant) : ReadValue;

/// <summary>A map [N,W,H,C], as torch turned it for a Softmax over its last axis until operator set 13.</summary>
/// <param name="Of">The map as it was.</param>
internal sealed record ColumnsFirst(Activation Of) : ReadValue;

/// <summary>A map with zeros around it, which what reads it must take in.</summary>
/// <param name="Of">The map.</param>
/// <param name="Pads">Top, left, bottom, right.</param>
internal sealed record Padded(Activation Of, long[] Pads) : ReadValue;
