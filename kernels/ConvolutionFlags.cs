namespace SelfAdapt.Kernels;

/// <summary>What a convolution does beside multiplying; an operand that no flag asks for is not read.</summary>
[Flags]
public enum ConvolutionFlags
{
    None = 0,

    /// <summary>Adds a bias per output channel.</summary>
    Bias = 1,

    /// <summary>Adds a tensor of the output's shape.</summary>
    Residual = 2,

    /// <summary>Adds a number per sample and output channel.</summary>
    PerChannel = 4,

    /// <summary>Normalises the input by its lanes.</summary>
    Normalize = 8,

    /// <summary>ReLU behind the normalisation.</summary>
    Relu = 16,
}
