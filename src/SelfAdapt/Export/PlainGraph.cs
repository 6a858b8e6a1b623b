using System.Collections.Generic;
using SelfAdapt.Onnx;

namespace SelfAdapt.Export;

/// <summary>
/// A network without its exporter's habits: size computations, aliases and changes of rank are gone, pooled
/// features are [N,C,1,1] throughout, linear layers are 1x1 convolutions.
/// </summary>
/// <param name="Nodes">The nodes that the output needs, in execution order.</param>
/// <param name="Output">The value that is the output.</param>
/// <param name="InputChannels">Channels of the image, which is value 0.</param>
/// <param name="OutputChannels">Channels of the output.</param>
internal sealed record PlainGraph(
    IReadOnlyList<PlainNode> Nodes, int Output, int InputChannels, int OutputChannels);

/// <summary>One step.</summary>
/// <param name="Name">Its name in the ONNX file it came from; may be "".</param>
/// <param name="Inputs">The values it reads.</param>
/// <param name="Output">The value it makes.</param>
internal abstract record PlainNode(string Name, IReadOnlyList<int> Inputs, int Output);

/// <summary>A convolution that keeps the size; on pooled features a linear layer.</summary>
internal sealed record PlainConvolution(
    string Name, int Input, int Output, OnnxTensor Weight, OnnxTensor? Bias)
    : PlainNode(Name, [Input], Output)
{
    /// <summary>Height and width of its window.</summary>
    public long Kernel => Weight.Dims.Count == 4 ? Weight.Dims[2] : 1;
}

/// <summary>Batch normalisation with stored statistics.</summary>
internal sealed record PlainBatchNorm(
    string Name, int Input, int Output, OnnxTensor Scale, OnnxTensor Bias, OnnxTensor Mean, OnnxTensor Variance,
    float Epsilon)
    : PlainNode(Name, [Input], Output);

/// <summary>A step without weights.</summary>
internal sealed record PlainStep(string Name, PlainKind Kind, IReadOnlyList<int> Inputs, int Output)
    : PlainNode(Name, Inputs, Output);

/// <summary>The steps without weights.</summary>
internal enum PlainKind
{
    Relu,

    /// <summary>A sum; pooled features are added to every pixel.</summary>
    Add,

    /// <summary>2x2 maximum, stride 2.</summary>
    MaxPool,

    /// <summary>Doubling by repeating pixels.</summary>
    UpsampleNearest,

    /// <summary>Doubling by linear interpolation, half-pixel centres.</summary>
    UpsampleLinear,

    /// <summary>Joining along channels.</summary>
    Concat,

    /// <summary>The mean over all pixels.</summary>
    GlobalAveragePool,

    /// <summary>Division by the Euclidean norm over channels.</summary>
    L2Normalize,
}
