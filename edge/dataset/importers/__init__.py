"""From other data sets' files to manifests of videos or to landmark archives, one format each."""
