namespace SelfAdapt.ShallowToDeep.Features;

/// <summary>What a filter measures around a pixel.</summary>
internal enum PixelFilter
{
    /// <summary>The mean under a Gaussian.</summary>
    Gaussian,

    /// <summary>The length of the Gaussian's gradient.</summary>
    GradientMagnitude,

    /// <summary>The Laplacian of the Gaussian.</summary>
    Laplacian,

    /// <summary>The larger, then the smaller eigenvalue of the Gaussian's Hessian.</summary>
    HessianEigenvalues,

    /// <summary>The larger, then the smaller eigenvalue of the structure tensor.</summary>
    StructureTensorEigenvalues,
}
